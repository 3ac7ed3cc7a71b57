/* An engine for tests of app, protocol and port: 4 operators, 3 outputs, and an input that it
 * overwrites, as a planner may. Output: sum, exclusive or and alternating sum of the input, mod 256.
 * The input 127 everywhere makes it fail with error 7. Environment: TEST_ENGINE_BROKEN makes
 * engine_init() fail, TEST_ENGINE_SLOW_MS makes an inference last that long. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"
#include "tinyssl_build.h"

#ifdef TEST_SPARE_BYTES
/* RAM that nothing uses, as a board's linker script would name it. */
#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)
extern uint8_t tinyssl_spare_start[TEST_SPARE_BYTES];
uint8_t tinyssl_spare_start[TEST_SPARE_BYTES];
__asm__(".globl tinyssl_spare_end\n"
        ".set tinyssl_spare_end, tinyssl_spare_start + " TEXT(TEST_SPARE_BYTES));
#endif

static int8_t input[TINYSSL_INPUT_BYTES];
static int8_t output[TINYSSL_OUTPUT_BYTES];

const struct engine_info engine_info = {
    .engine = "aot",
    .model = "sum",
    .model_sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .input_bytes = TINYSSL_INPUT_BYTES,
    .output_bytes = TINYSSL_OUTPUT_BYTES,
    .inputs = 1,
    .arena_bytes = 64,
    .op_count = TINYSSL_OP_COUNT,
    .input_is_uint8 = 1,
    .output_zero_point = -128,
    .output_milli_q16 = 256000, /* 1000 / 256 * 2^16 */
};

static const int32_t input_shape[] = {1, TINYSSL_INPUT_BYTES};
static const int32_t output_shape[] = {1, TINYSSL_OUTPUT_BYTES};

static const struct tinyssl_tensor tensors[] = {
    {"image", input_shape, TINYSSL_INPUT_BYTES, 1.0f / 255, -128,
     TINYSSL_TYPE_INT8, TINYSSL_KIND_INPUT, 2},
    {"sums", output_shape, TINYSSL_OUTPUT_BYTES, 1.0f / 256, -128,
     TINYSSL_TYPE_INT8, TINYSSL_KIND_OUTPUT, 2},
};

const struct engine_tensors engine_tensors = {tensors, 1, 2};

const char *engine_init(void)
{
    return getenv("TEST_ENGINE_BROKEN") != NULL ? "arena is too small" : NULL;
}

void *engine_data(uint32_t tensor)
{
    return tensor == 0 ? input : output;
}

void engine_reset(void)
{
}

static void combine(uint8_t sums[3])
{
    for (size_t i = 0; i < TINYSSL_INPUT_BYTES; i++) {
        uint8_t value = (uint8_t)input[i];
        sums[0] = (uint8_t)(sums[0] + value);
        sums[1] ^= value;
        sums[2] = (uint8_t)(i % 2 == 0 ? sums[2] + value : sums[2] - value);
    }
}

static void nap(void)
{
    const char *slow = getenv("TEST_ENGINE_SLOW_MS");
    long milliseconds = slow != NULL ? atol(slow) : 0;
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

int engine_invoke(engine_hook *hook, void *context)
{
    uint8_t sums[3] = {0, 0, 0};
    int failed = 1;
    for (size_t i = 0; i < TINYSSL_INPUT_BYTES; i++) {
        failed &= input[i] == 127;
    }
    if (failed) {
        return 7;
    }
    combine(sums);
    nap();
    memcpy(output, sums, sizeof sums);
    memset(input, 0x55, sizeof input);
    for (uint32_t i = 0; hook != NULL && i < TINYSSL_OP_COUNT; i++) {
        hook(context, i);
    }
    return 0;
}

const char *engine_op_name(uint32_t index)
{
    static const char *const names[] = {"#0 SUM", "#1 XOR", "#2 ALTERNATE", "#3 COPY"};
    return names[index];
}

uint32_t engine_arena_used(void)
{
    return 48;
}
