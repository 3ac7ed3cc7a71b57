/* pointwise_dsp: inference without heap, stdio or globals.
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000
 *
 *     static uint8_t arena[TINYSSL_MODEL_ARENA_BYTES] __attribute__((aligned(16)));
 *     memcpy(tinyssl_model_input(arena, 0), data, TINYSSL_MODEL_INPUT_BYTES);
 *     tinyssl_model_invoke(arena);
 *     const void *output = tinyssl_model_output(arena, 0);
 *
 * The arena holds inputs, outputs and everything between; nothing in it outlives the next
 * inference. It must be aligned to 16 bytes. */
#ifndef TINYSSL_MODEL_H
#define TINYSSL_MODEL_H

#include <stdint.h>

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TINYSSL_MODEL_NAME "pointwise_dsp"
#define TINYSSL_MODEL_SHA256 "0000000000000000000000000000000000000000000000000000000000000000"
#define TINYSSL_MODEL_ARENA_BYTES 112

/* Kernel calls: each for one operator, or for several consecutive ones. */
#define TINYSSL_MODEL_OP_COUNT 3
/* Number of the last operator of each kernel call, in execution order, from 0. */
#define TINYSSL_MODEL_OP_LAST {0, 1, 2}

/* Named tensors by id, from 0: inputs, then outputs, parameters and states. */
#define TINYSSL_MODEL_INPUT_COUNT 1
#define TINYSSL_MODEL_OUTPUT_COUNT 1
#define TINYSSL_MODEL_TENSOR_COUNT 2

/* 0, tensor0: int8, 1x4x4x2: real value = scale * (q - zero point) */
#define TINYSSL_MODEL_INPUT_BYTES 32
#define TINYSSL_MODEL_INPUT_SCALE 0.04f
#define TINYSSL_MODEL_INPUT_ZERO_POINT (-3)

/* 1, tensor5: int8, 1x4x4x1 */
#define TINYSSL_MODEL_OUTPUT_BYTES 16
#define TINYSSL_MODEL_OUTPUT_SCALE 0.09f
#define TINYSSL_MODEL_OUTPUT_ZERO_POINT (8)

extern const struct tinyssl_tensor tinyssl_model_tensors[TINYSSL_MODEL_TENSOR_COUNT];

/* Any named tensor, by its id. */
void *tinyssl_model_data(uint8_t *arena, uint32_t tensor);

/* Where input `index` (from 0) goes. tinyssl_model_invoke() may overwrite it. */
static inline void *tinyssl_model_input(uint8_t *arena, uint32_t index)
{
    return tinyssl_model_data(arena, index);
}

/* Output `index` (from 0) of the last inference in this arena. */
static inline const void *tinyssl_model_output(uint8_t *arena, uint32_t index)
{
    return tinyssl_model_data(arena, TINYSSL_MODEL_INPUT_COUNT + index);
}

/* Gives parameters and states their first values: to be called before the first inference where the
 * model has such tensors; this one has none. */
void tinyssl_model_init(uint8_t *arena);

/* Gives the states their first values again: a new sequence begins. */
void tinyssl_model_reset(uint8_t *arena);

/* One inference. */
void tinyssl_model_invoke(uint8_t *arena);

/* The same; calls after(context, index) when kernel call `index` is done. `after` may be NULL. */
void tinyssl_model_invoke_profiled(uint8_t *arena, void (*after)(void *context, uint32_t index),
                                   void *context);

/* What kernel call `index` wrote; valid in the call of `after` for it. */
const void *tinyssl_model_op_output(const uint8_t *arena, uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
