/* depthwise_dsp: 1 operators in 1 steps, 576 MACs, arena 1408 bytes (lower bound 1408).
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
    return (int8_t *)(arena + 1152);
}

const int8_t *tinyssl_model_output(const uint8_t *arena)
{
    return (const int8_t *)(arena + 1152);
}

const int8_t *tinyssl_model_op_output(const uint8_t *arena, uint32_t index)
{
    static const uint32_t offsets[TINYSSL_MODEL_OP_COUNT] = {
        1152,
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

    /* #1 DEPTHWISE_CONV_2D 3x3/2 pad 0,1,0,1: 1x8x8x4 at 1152 -> 1x4x4x4 at 1152, 576 MACs */
    tinyssl_depthwise_image_s8_dsp(a + 1152, &tinyssl_model_op0, a + 1152, a + 0);
    AFTER(0);
}
