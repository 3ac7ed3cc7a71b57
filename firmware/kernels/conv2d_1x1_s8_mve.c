#include "conv2d_1x1_s8_mve.h"

#include "mve.h"

/* One row of outputs; `step` is from input to input, in bytes. */
static void line(const int8_t *in, const struct tinyssl_product_mve *p, int32_t pixels,
                 int32_t step, int8_t *out)
{
    for (; pixels >= 2; pixels -= 2, in += 2 * step, out += 2 * p->out_c) {
        tinyssl_product2_mve(p, in, in + step, out, out + p->out_c);
    }
    if (pixels > 0) {
        tinyssl_product1_mve(p, in, out);
    }
}

void tinyssl_conv2d_1x1_s8_mve(const int8_t *in, const struct tinyssl_conv2d_1x1_mve *p,
                               int8_t *out)
{
    const struct tinyssl_product_mve *product = &p->product;
    if (p->stride_h == 1 && p->stride_w == 1) {
        const int32_t pixels = p->out_h * p->out_w;
        if (product->depth <= TINYSSL_BLOCK && pixels > 1) {
            tinyssl_product_shallow_mve(product, in, pixels, out);
        } else {
            line(in, product, pixels, product->depth, out);
        }
        return;
    }
    for (int32_t y = 0; y < p->out_h; y++) {
        line(in + y * p->stride_h * p->in_w * product->depth, product, p->out_w,
             p->stride_w * product->depth, out + y * p->out_w * product->out_c);
    }
}
