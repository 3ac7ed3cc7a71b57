#include "fully_connected_s8_mve.h"

void tinyssl_fully_connected_s8_mve(const int8_t *in, const struct tinyssl_fully_connected_mve *p,
                                    int8_t *out)
{
    tinyssl_product1_mve(&p->product, in, out);
}
