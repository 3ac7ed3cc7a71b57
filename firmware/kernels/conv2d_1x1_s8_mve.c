#include "conv2d_1x1_s8_mve.h"

void tinyssl_conv2d_1x1_s8_mve(const int8_t *in, const struct tinyssl_conv2d_1x1_mve *p,
                               int8_t *out)
{
    const struct tinyssl_product_mve *product = &p->product;
    if (p->stride_h == 1 && p->stride_w == 1) {
        tinyssl_product_line_mve(product, in, p->out_h * p->out_w, p->in_pitch, out);
        return;
    }
    for (int32_t y = 0; y < p->out_h; y++) {
        tinyssl_product_line_mve(product, in + y * p->stride_h * p->in_w * p->in_pitch, p->out_w,
                                 p->stride_w * p->in_pitch,
                                 out + y * p->out_w * product->out_pitch);
    }
}
