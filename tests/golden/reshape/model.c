/* reshape: 3 operators in 3 steps, 0 MACs, arena 64 bytes (lower bound 64).
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
    return (int8_t *)(arena + 0);
}

const int8_t *tinyssl_model_output(const uint8_t *arena)
{
    return (const int8_t *)(arena + 0);
}

const int8_t *tinyssl_model_op_output(const uint8_t *arena, uint32_t index)
{
    static const uint32_t offsets[TINYSSL_MODEL_OP_COUNT] = {
        48,
        48,
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

    /* #0 MAX_POOL_2D 2x2/2: 1x4x6x2 at 0 -> 1x2x3x2 at 48 */
    tinyssl_max_pool2d_s8(a + 0, &tinyssl_model_op0, a + 48);
    AFTER(0);

    /* #1 RESHAPE: 1x2x3x2 at 48 -> 1x12 at 48, the same bytes */
    AFTER(1);

    /* #2 SOFTMAX: 1x12 at 48 -> 1x12 at 0 */
    tinyssl_softmax_s8(a + 48, &tinyssl_model_op2, a + 0);
    AFTER(2);
}
