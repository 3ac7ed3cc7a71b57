/* pointwise_dsp: 3 operators in 3 steps, 64 MACs, arena 112 bytes (lower bound 112).
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000 */
#include "model.h"

#include <stddef.h>

#include "weights.h"

#if TINYSSL_KERNEL_ABI != 1
#error "model.c and kernels/ are of different versions: run `tinyssl build` again"
#endif

#define AFTER(index)                \
    do {                            \
        if (after != NULL) {        \
            after(context, index);  \
        }                           \
    } while (0)

int8_t *tinyssl_model_input(uint8_t *arena)
{
    return (int8_t *)(arena + 64);
}

const int8_t *tinyssl_model_output(const uint8_t *arena)
{
    return (const int8_t *)(arena + 0);
}

const int8_t *tinyssl_model_op_output(const uint8_t *arena, uint32_t index)
{
    static const uint32_t offsets[TINYSSL_MODEL_OP_COUNT] = {
        96,
        64,
        0,
    };
    return (const int8_t *)(arena + offsets[index]);
}

void tinyssl_model_invoke(uint8_t *arena)
{
    tinyssl_model_invoke_profiled(arena, NULL, NULL);
}

void tinyssl_model_invoke_profiled(uint8_t *arena, void (*after)(void *context, uint32_t index),
                                   void *context)
{
    int8_t *const a = (int8_t *)arena;

    /* #0 CONV_2D 1x1/1: 1x4x4x2 at 64 -> 1x4x4x1 at 96, 32 MACs */
    tinyssl_conv2d_1x1_s8_dsp(a + 64, &tinyssl_model_op0, a + 96, a + 0);
    AFTER(0);

    /* #1 CONV_2D 1x1/1: 1x4x4x2 at 64 -> 1x4x4x1 at 64, 32 MACs */
    tinyssl_conv2d_1x1_s8_dsp(a + 64, &tinyssl_model_op1, a + 64, a + 0);
    AFTER(1);

    /* #2 ADD: 1x4x4x1 at 96 + 1x4x4x1 at 64 -> 1x4x4x1 at 0 */
    tinyssl_add_s8_dsp(a + 96, a + 64, &tinyssl_model_op2, a + 0);
    AFTER(2);
}
