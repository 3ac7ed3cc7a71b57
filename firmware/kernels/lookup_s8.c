#include "lookup_s8.h"

void tinyssl_lookup_s8(const int8_t *in, const struct tinyssl_lookup *p, int8_t *out)
{
    const int8_t *const zero = p->table + 128;
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = zero[in[i]];
    }
}
