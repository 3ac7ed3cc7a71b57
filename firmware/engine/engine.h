/* An inference engine as the application sees it: the generated ahead-of-time C (engine_aot.c) or
 * TensorFlow Lite Micro (engine_tflm.cc). Exactly one is in an image. */
#ifndef TINYSSL_ENGINE_H
#define TINYSSL_ENGINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct engine_info {
    const char *engine;         /* "aot" or "tflm" */
    const char *model;          /* model name; the MLPerf Tiny id where it has one: vww01, ic01, … */
    const char *model_sha256;   /* of the .tflite, 64 hex digits */
    uint32_t input_bytes;
    uint32_t output_bytes;
    uint32_t arena_bytes;
    uint32_t op_count;
    int32_t input_is_uint8;     /* 1: the wire carries uint8 pixels, the engine is given q = u - 128 */
    int32_t output_zero_point;
    int32_t output_milli_q16;   /* 1000 * output scale * 2^16: value * 1000 = (q - zero) * this >> 16 */
};

/* Called after operator `index` has run. */
typedef void engine_hook(void *context, uint32_t index);

extern const struct engine_info engine_info;

/* Prepares the engine. NULL, or a text that says why it cannot run. */
const char *engine_init(void);

/* Where the int8 input goes. The engine may overwrite it during engine_invoke(). */
int8_t *engine_input(void);

/* The int8 output of the last engine_invoke(). */
const int8_t *engine_output(void);

/* One inference; `hook` may be NULL. Returns 0, or the engine's error number. */
int engine_invoke(engine_hook *hook, void *context);

/* "#3 CONV_2D" */
const char *engine_op_name(uint32_t index);

/* Bytes of the arena that are in use: planned (aot) or reported by the interpreter (tflm). */
uint32_t engine_arena_used(void);

#ifdef __cplusplus
}
#endif
#endif
