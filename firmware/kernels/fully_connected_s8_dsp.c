#include "fully_connected_s8_dsp.h"

void tinyssl_fully_connected_s8_dsp(const int8_t *in, const struct tinyssl_fully_connected_dsp *p,
                                    int8_t *out, int8_t *scratch)
{
    uint8_t *column = (uint8_t *)scratch;
    tinyssl_widen1(in, p->product.depth, column);
    tinyssl_product1(&p->product, column, out);
    tinyssl_activate(out, p->product.out_c, p->product.out_min, p->product.out_max);
}
