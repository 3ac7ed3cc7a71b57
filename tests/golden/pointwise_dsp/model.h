/* pointwise_dsp: int8 inference without heap, stdio or globals.
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000
 *
 *     static uint8_t arena[TINYSSL_MODEL_ARENA_BYTES] __attribute__((aligned(16)));
 *     memcpy(tinyssl_model_input(arena), pixels, TINYSSL_MODEL_INPUT_BYTES);
 *     tinyssl_model_invoke(arena);
 *     const int8_t *scores = tinyssl_model_output(arena);
 *
 * The arena holds the input, the output and everything between; nothing in it outlives the next
 * inference. It must be aligned to 16 bytes. */
#ifndef TINYSSL_MODEL_H
#define TINYSSL_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TINYSSL_MODEL_NAME "pointwise_dsp"
#define TINYSSL_MODEL_SHA256 "0000000000000000000000000000000000000000000000000000000000000000"
#define TINYSSL_MODEL_ARENA_BYTES 112

/* Steps: one call of a kernel each, for one operator or several consecutive ones. */
#define TINYSSL_MODEL_OP_COUNT 3
/* Number of the last operator of each step, in execution order, from 0. */
#define TINYSSL_MODEL_OP_LAST {0, 1, 2}

/* int8, 1x4x4x2: real value = scale * (q - zero point) */
#define TINYSSL_MODEL_INPUT_BYTES 32
#define TINYSSL_MODEL_INPUT_SCALE 0.04f
#define TINYSSL_MODEL_INPUT_ZERO_POINT (-3)

/* int8, 1x4x4x1 */
#define TINYSSL_MODEL_OUTPUT_BYTES 16
#define TINYSSL_MODEL_OUTPUT_SCALE 0.09f
#define TINYSSL_MODEL_OUTPUT_ZERO_POINT (8)

/* Where the input goes. tinyssl_model_invoke() may overwrite it. */
int8_t *tinyssl_model_input(uint8_t *arena);

/* The output of the last inference in this arena. */
const int8_t *tinyssl_model_output(const uint8_t *arena);

/* One inference. */
void tinyssl_model_invoke(uint8_t *arena);

/* The same; calls after(context, index) when step `index` is done. `after` may be NULL. */
void tinyssl_model_invoke_profiled(uint8_t *arena, void (*after)(void *context, uint32_t index),
                                   void *context);

/* What step `index` wrote; valid in the call of `after` for that step. */
const int8_t *tinyssl_model_op_output(const uint8_t *arena, uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
