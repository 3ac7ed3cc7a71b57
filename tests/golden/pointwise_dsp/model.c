/* pointwise_dsp: 3 operators in 3 kernel calls, 64 MACs, arena 112 bytes (lower bound 112).
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000 */
#include "model.h"

#include <stddef.h>

#include "weights.h"

#if TINYSSL_KERNEL_ABI != 4
#error "model.c and kernels/ are of different versions: run `tinyssl build` again"
#endif

enum kernel {
    CONV2D_1X1_S8_DSP,
    ADD_S8_DSP,
    NO_KERNEL /* the output is the input's storage */
};

/* Operands are outputs, inputs and working memory, in this order: offsets in the arena, in units of
 * 16 bytes. */
struct call {
    const void *params;
    uint16_t at[3];
    uint8_t kernel;
};

static const struct call calls[TINYSSL_MODEL_OP_COUNT] = {
    /* #0 CONV_2D 1x1/1: 1x4x4x2 at 64 -> 1x4x4x1 at 96, 32 MACs */
    { &tinyssl_model_op0, { 6, 4, 0 }, CONV2D_1X1_S8_DSP },
    /* #1 CONV_2D 1x1/1: 1x4x4x2 at 64 -> 1x4x4x1 at 64, 32 MACs */
    { &tinyssl_model_op1, { 4, 4, 0 }, CONV2D_1X1_S8_DSP },
    /* #2 ADD: 1x4x4x1 at 96 + 1x4x4x1 at 64 -> 1x4x4x1 at 0 */
    { &tinyssl_model_op2, { 0, 6, 4 }, ADD_S8_DSP },
};

#define AT(offset) (arena + 16 * (size_t)(offset))

static void run(const struct call *call, int8_t *arena)
{
    int8_t *const at0 = AT(call->at[0]);
    int8_t *const at1 = AT(call->at[1]);
    int8_t *const at2 = AT(call->at[2]);
    (void)at0, (void)at1, (void)at2;
    switch (call->kernel) {
    case CONV2D_1X1_S8_DSP:
        tinyssl_conv2d_1x1_s8_dsp(at1, (const struct tinyssl_conv2d_1x1_dsp *)call->params, at0, at2);
        break;
    case ADD_S8_DSP:
        tinyssl_add_s8_dsp(at1, at2, (const struct tinyssl_add_dsp *)call->params, at0);
        break;
    default:
        break;
    }
}

static const uint16_t places[TINYSSL_MODEL_TENSOR_COUNT] = {4, 0};

static const int32_t shape0[] = {1, 4, 4, 2};
static const int32_t shape1[] = {1, 4, 4, 1};

const struct tinyssl_tensor tinyssl_model_tensors[TINYSSL_MODEL_TENSOR_COUNT] = {
    /* name, shape, bytes, scale, zero point, type, kind, rank */
    { "tensor0", shape0, 32, 0.04f, -3,
      TINYSSL_TYPE_INT8, TINYSSL_KIND_INPUT, 4 },
    { "tensor5", shape1, 16, 0.09f, 8,
      TINYSSL_TYPE_INT8, TINYSSL_KIND_OUTPUT, 4 },
};

void *tinyssl_model_data(uint8_t *arena, uint32_t tensor)
{
    return arena + 16 * (size_t)places[tensor];
}

void tinyssl_model_init(uint8_t *arena)
{
    tinyssl_model_reset(arena);
}

void tinyssl_model_reset(uint8_t *arena)
{
    (void)arena;
}

const void *tinyssl_model_op_output(const uint8_t *arena, uint32_t index)
{
    return arena + 16 * (size_t)calls[index].at[0];
}

void tinyssl_model_invoke(uint8_t *arena)
{
    tinyssl_model_invoke_profiled(arena, NULL, NULL);
}

void tinyssl_model_invoke_profiled(uint8_t *arena, void (*after)(void *context, uint32_t index),
                                   void *context)
{
    for (uint32_t index = 0; index < TINYSSL_MODEL_OP_COUNT; index++) {
        run(&calls[index], (int8_t *)arena);
        if (after != NULL) {
            after(context, index);
        }
    }
}
