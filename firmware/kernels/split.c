#include "split.h"

#include "fast_copy.h"

void tinyssl_split(const int8_t *const *in, const struct tinyssl_runs *p, int8_t *const *out)
{
    const int8_t *from = in[0];
    for (int32_t round = 0; round < p->rounds; round++) {
        for (int32_t i = 0; i < p->count; i++) {
            const size_t bytes = (size_t)p->bytes[i];
            tinyssl_fast_copy(out[i] + (size_t)round * bytes, from, bytes);
            from += bytes;
        }
    }
}
