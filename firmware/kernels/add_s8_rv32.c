#include "add_s8_rv32.h"

void tinyssl_add_s8_rv32(const int8_t *left, const int8_t *right, const struct tinyssl_add_dsp *p,
                         int8_t *out)
{
    const struct tinyssl_add_dsp q = *p; /* stores to `out` cannot change it */
    for (int32_t i = 0; i < q.size; i++) {
        out[i] = tinyssl_sum_rv32(&q, left[i], right[i]);
    }
}
