#include "conv2d_1x1_s8_dsp.h"

void tinyssl_conv2d_1x1_s8_dsp(const int8_t *in, const struct tinyssl_conv2d_1x1_dsp *p,
                               int8_t *out, int8_t *scratch)
{
    const int32_t size = p->out_w * p->product.out_pitch;
    for (int32_t row = 0; row < p->out_h; row++, in += p->row_bytes, out += size) {
        tinyssl_product_row(&p->product, in, p->pitch, p->out_w, (uint8_t *)scratch, out);
        tinyssl_clamp_outputs(&p->product, out, p->out_w);
    }
}
