#include "concatenation.h"

#include "fast_copy.h"

void tinyssl_concatenation(const int8_t *const *in, const struct tinyssl_runs *p,
                           int8_t *const *out)
{
    int8_t *to = out[0];
    for (int32_t round = 0; round < p->rounds; round++) {
        for (int32_t i = 0; i < p->count; i++) {
            const size_t bytes = (size_t)p->bytes[i];
            tinyssl_fast_copy(to, in[i] + (size_t)round * bytes, bytes);
            to += bytes;
        }
    }
}

void tinyssl_concatenation_constants(const int8_t *const *in, const struct tinyssl_constant_runs *p,
                                     int8_t *const *out)
{
    int8_t *to = out[0];
    for (int32_t round = 0; round < p->runs.rounds; round++) {
        const int8_t *const *next = in;
        for (int32_t i = 0; i < p->runs.count; i++) {
            const size_t bytes = (size_t)p->runs.bytes[i];
            const void *from = p->starts[i] < 0 ? (const void *)*next : p->constants + p->starts[i];
            tinyssl_fast_copy(to, (const int8_t *)from + (size_t)round * bytes, bytes);
            next += p->starts[i] < 0 ? 1 : 0;
            to += bytes;
        }
    }
}
