/* An inference engine as the application sees it: the generated ahead-of-time C (engine_aot.c) or
 * TensorFlow Lite Micro (engine_tflm.cc). Exactly one is in an image. */
#ifndef TINYSSL_ENGINE_H
#define TINYSSL_ENGINE_H

#include <stdint.h>

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct engine_info {
    const char *engine; /* "aot" or "tflm" */
    const char *model;  /* model name; the MLPerf Tiny id where it has one: vww01, ic01, … */
    const char *model_sha256; /* of the .tflite, 64 hex digits */
    uint32_t input_bytes;     /* of input 0 */
    uint32_t output_bytes;    /* of output 0 */
    uint32_t inputs;          /* how many */
    uint32_t arena_bytes;
    uint32_t op_count;
    int32_t input_is_uint8; /* 1: the wire carries uint8 pixels, the engine is given q = u - 128 */
    int32_t output_zero_point;
    int32_t output_milli_q16; /* 1000 * output scale * 2^16: value * 1000 = (q - zero) * this >> 16;
                                 * 0: the output is not quantised */
};

/* The model's named tensors, by id: inputs, then outputs, parameters, states and targets. */
struct engine_tensors {
    const struct tinyssl_tensor *list;
    uint32_t outputs;
    uint32_t count; /* of all kinds */
};

/* Called after operator `index` has run. */
typedef void engine_hook(void *context, uint32_t index);

extern const struct engine_info engine_info;
extern const struct engine_tensors engine_tensors;

/* Prepares the engine; states and parameters get their first values. NULL, or a text that says why it
 * cannot run. */
const char *engine_init(void);

/* Address of any named tensor, by its id. */
void *engine_data(uint32_t tensor);

/* Address of an input, by its number from 0. The engine may overwrite it during engine_invoke(). */
static inline void *engine_input(uint32_t index)
{
    return engine_data(index);
}

/* Address of an output of the last engine_invoke(), by its number from 0. */
static inline const void *engine_output(uint32_t index)
{
    return engine_data(engine_info.inputs + index);
}

/* Gives all states their first values again. */
void engine_reset(void);

/* One inference; `hook` may be NULL. Returns 0, or the engine's error number. */
int engine_invoke(engine_hook *hook, void *context);

/* One training step on the last inference, whose outputs nothing has touched, and on the target. 0, or
 * 1 where there is nothing to learn from; then the parameters are as they were. Only in images that learn. */
int engine_train(void);

/* The loss of the last inference, without a step. 0, or 1 where it is no finite number. Only in images
 * that learn. */
int engine_loss(void);

/* Where engine_train() and engine_loss() leave the loss. Only in images that learn. */
float *engine_loss_value(void);

/* "#3 CONV_2D" */
const char *engine_op_name(uint32_t index);

/* Bytes of the arena that are in use: planned (aot) or reported by the interpreter (tflm). */
uint32_t engine_arena_used(void);

#ifdef __cplusplus
}
#endif
#endif
