/* folded_pad: 1 operators in 1 steps, 3,456 MACs, arena 352 bytes (lower bound 352).
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000 */
#include "model.h"

#include <stddef.h>

#include "weights.h"

#if TINYSSL_KERNEL_ABI != 2
#error "model.c and kernels/ are of different versions: run `tinyssl build` again"
#endif

TINYSSL_FOR_SIZE

enum kernel {
    CONV2D_S8,
    NOTHING_TO_DO
};

/* Places are offsets in the arena, in units of 16 bytes. */
struct step {
    const void *parameters;
    uint16_t in, out;
    uint16_t more; /* second input, or working memory */
    uint8_t kernel;
};

static const struct step steps[TINYSSL_MODEL_OP_COUNT] = {
    /* #1 CONV_2D 3x3/2 pad 0,1,0,1: 1x8x8x4 at 0 -> 1x4x4x6 at 256, 3,456 MACs */
    { &tinyssl_model_op0, 0, 16, 0, CONV2D_S8 },
};

static void run(const struct step *step, int8_t *arena)
{
    int8_t *const in = arena + 16 * (size_t)step->in;
    int8_t *const out = arena + 16 * (size_t)step->out;
    int8_t *const more = arena + 16 * (size_t)step->more;
    const void *const p = step->parameters;
    (void)in, (void)out, (void)more, (void)p;
    switch (step->kernel) {
    case CONV2D_S8:
        tinyssl_conv2d_s8(in, (const struct tinyssl_conv2d *)p, out);
        break;
    default:
        break;
    }
}

int8_t *tinyssl_model_input(uint8_t *arena)
{
    return (int8_t *)(arena + 0);
}

const int8_t *tinyssl_model_output(const uint8_t *arena)
{
    return (const int8_t *)(arena + 256);
}

const int8_t *tinyssl_model_op_output(const uint8_t *arena, uint32_t index)
{
    return (const int8_t *)(arena + 16 * (size_t)steps[index].out);
}

void tinyssl_model_invoke(uint8_t *arena)
{
    tinyssl_model_invoke_profiled(arena, NULL, NULL);
}

void tinyssl_model_invoke_profiled(uint8_t *arena, void (*after)(void *context, uint32_t index),
                                   void *context)
{
    for (uint32_t index = 0; index < TINYSSL_MODEL_OP_COUNT; index++) {
        run(&steps[index], (int8_t *)arena);
        if (after != NULL) {
            after(context, index);
        }
    }
}
