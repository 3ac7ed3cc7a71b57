#include "conv2d_1x1_s8_dsp.h"

/* Input pixel under output pixel `index`. */
static const int8_t *under(const int8_t *in, const struct tinyssl_conv2d_1x1_dsp *p, int32_t index)
{
    const int32_t row = index / p->out_w;
    const int32_t column = index - row * p->out_w;
    return in + (row * p->stride_h * p->in_w + column * p->stride_w) * p->product.depth;
}

void tinyssl_conv2d_1x1_s8_dsp(const int8_t *in, const struct tinyssl_conv2d_1x1_dsp *p,
                               int8_t *out, int8_t *scratch)
{
    const int32_t depth = p->product.depth;
    const int32_t out_c = p->product.out_c;
    const int32_t pixels = p->out_h * p->out_w;
    uint8_t *column = (uint8_t *)scratch;
    int8_t *at = out;
    int32_t i = 0;
    for (; i + 2 <= pixels; i += 2, at += 2 * out_c) {
        tinyssl_widen2(under(in, p, i), under(in, p, i + 1), depth, column);
        tinyssl_product2(&p->product, column, at, at + out_c);
    }
    if (i < pixels) {
        tinyssl_widen1(under(in, p, i), depth, column);
        tinyssl_product1(&p->product, column, at);
    }
    tinyssl_activate(out, pixels * out_c, p->product.out_min, p->product.out_max);
}
