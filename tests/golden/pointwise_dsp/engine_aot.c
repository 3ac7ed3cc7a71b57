/* pointwise_dsp behind engine.h, with a static arena.
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000 */
#include "engine.h"

#include <stddef.h>

#include "model.h"

/* Where the arena goes. The linker script must not store this section in flash (NOLOAD). */
#ifndef TINYSSL_ARENA
#if defined(__GNUC__) && defined(__ELF__) && !defined(ARDUINO) /* its linker scripts lack it */
#define TINYSSL_ARENA __attribute__((section(".tinyssl_arena"), aligned(16)))
#elif defined(__GNUC__)
#define TINYSSL_ARENA __attribute__((aligned(16)))
#else
#define TINYSSL_ARENA
#endif
#endif

static uint8_t arena[TINYSSL_MODEL_ARENA_BYTES] TINYSSL_ARENA;

static const char *const op_names[TINYSSL_MODEL_OP_COUNT] = {
    "#0 CONV_2D",
    "#1 CONV_2D",
    "#2 ADD",
};

const struct engine_info engine_info = {
    .engine = "aot",
    .model = "pointwise_dsp",
    .model_sha256 = TINYSSL_MODEL_SHA256,
    .input_bytes = TINYSSL_MODEL_INPUT_BYTES,
    .output_bytes = TINYSSL_MODEL_OUTPUT_BYTES,
    .inputs = TINYSSL_MODEL_INPUT_COUNT,
    .arena_bytes = TINYSSL_MODEL_ARENA_BYTES,
    .op_count = TINYSSL_MODEL_OP_COUNT,
    .input_is_uint8 = 0,
    .output_zero_point = 8,
    .output_milli_q16 = 5898240,
};

const struct engine_tensors engine_tensors = {
    .list = tinyssl_model_tensors,
    .outputs = TINYSSL_MODEL_OUTPUT_COUNT,
    .count = TINYSSL_MODEL_TENSOR_COUNT,
};

const char *engine_init(void)
{
    return NULL; /* all of it was checked when this file was made */
}

void *engine_data(uint32_t tensor)
{
    return tinyssl_model_data(arena, tensor);
}

void engine_reset(void)
{
    tinyssl_model_reset(arena);
}

int engine_invoke(engine_hook *hook, void *context)
{
    tinyssl_model_invoke_profiled(arena, hook, context);
    return 0;
}

const char *engine_op_name(uint32_t index)
{
    return index < TINYSSL_MODEL_OP_COUNT ? op_names[index] : "";
}

uint32_t engine_arena_used(void)
{
    return TINYSSL_MODEL_ARENA_BYTES;
}
