#include "logical_not.h"

void tinyssl_logical_not(const uint8_t *in, const struct tinyssl_elements *p, uint8_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = in[i] == 0;
    }
}
