#include "learnt_s8.h"

/* The parameters of a layer with what learns in their place. */
#define LAYER_WITH_LEARNT(type)                                                                    \
    type layer = p->layer;                                                                         \
    const int8_t *const *learnt = in + 1;                                                          \
    if (p->weight_learns) {                                                                        \
        layer.weight = *learnt++;                                                                  \
    }                                                                                              \
    if (p->bias_learns) {                                                                          \
        layer.bias = (const int32_t *)(const void *)*learnt;                                       \
    }

void tinyssl_learnt_fully_connected_s8(const int8_t *const *in,
                                       const struct tinyssl_learnt_fully_connected *p,
                                       int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_fully_connected)
    tinyssl_fully_connected_s8(*in, &layer, *out);
}

void tinyssl_learnt_conv2d_s8(const int8_t *const *in, const struct tinyssl_learnt_conv2d *p,
                              int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_conv2d)
    tinyssl_conv2d_s8(*in, &layer, *out);
}

void tinyssl_learnt_depthwise_s8(const int8_t *const *in, const struct tinyssl_learnt_depthwise *p,
                                 int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_depthwise_conv2d)
    tinyssl_depthwise_conv2d_s8(*in, &layer, *out);
}

void tinyssl_learnt_convolution_s8(const int8_t *const *in,
                                   const struct tinyssl_learnt_convolution *p, int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_convolution)
    tinyssl_convolution_s8(*in, &layer, *out);
}
