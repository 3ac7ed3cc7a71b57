#include "lookup_s8.h"

enum { AT_ONCE = 4 };

void tinyssl_lookup_s8(const int8_t *in, const struct tinyssl_lookup *p, int8_t *out)
{
    const int8_t *const zero = p->table + 128;
    int32_t left = p->size; /* no output can change it */
    for (; left >= AT_ONCE; left -= AT_ONCE, in += AT_ONCE, out += AT_ONCE) {
        const int8_t a = zero[in[0]], b = zero[in[1]], c = zero[in[2]], d = zero[in[3]];
        out[0] = a;
        out[1] = b;
        out[2] = c;
        out[3] = d;
    }
    for (; left > 0; left--) {
        *out++ = zero[*in++];
    }
}
