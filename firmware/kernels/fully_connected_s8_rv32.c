#include "fully_connected_s8_rv32.h"

void tinyssl_fully_connected_s8_rv32(const int8_t *in, const struct tinyssl_fully_connected_rv32 *p,
                                     int8_t *out)
{
    tinyssl_product1_rv32(&p->product, in, out);
}
