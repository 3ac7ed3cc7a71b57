#include "concatenation.h"

#include <string.h>

void tinyssl_concatenation(const int8_t *const *in, const struct tinyssl_runs *p,
                           int8_t *const *out)
{
    int8_t *to = out[0];
    for (int32_t round = 0; round < p->rounds; round++) {
        for (int32_t i = 0; i < p->count; i++) {
            const size_t bytes = (size_t)p->bytes[i];
            memcpy(to, in[i] + (size_t)round * bytes, bytes);
            to += bytes;
        }
    }
}
