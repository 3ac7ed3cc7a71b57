/* Products of a vector with four rows of weights, on the DSP extension. */
#ifndef TINYSSL_ROWS4_DSP_H
#define TINYSSL_ROWS4_DSP_H

#include <stdint.h>

#include "dsp.h"
#include "rows4.h"

/* Adds w.even * even + w.odd * odd of four weights. */
static inline int32_t tinyssl_add_four(const int8_t *w, uint32_t even, uint32_t odd, int32_t sum)
{
    const uint32_t word = tinyssl_load(w);
    sum = tinyssl_smlad(tinyssl_sxtb16(word), even, sum);
    return tinyssl_smlad(tinyssl_sxtb16_ror8(word), odd, sum);
}

/* Defines a function that adds the products of four rows with x to sums, modulo 2^32. `pairs` sets
 * `even` and `odd` to elements i, i + 2 and i + 1, i + 3; `one` is element i. */
#define TINYSSL_ROWS4(name, type, pairs, one)                                                      \
    static inline void name(const int8_t *const rows[TINYSSL_ROWS], const type *x, int32_t count,  \
                            int32_t zero, int32_t sums[TINYSSL_ROWS])                              \
    {                                                                                              \
        const int8_t *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];                       \
        int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];                    \
        const uint32_t raise = tinyssl_pair(-zero, -zero);                                         \
        int32_t i = 0;                                                                             \
        for (; i + 4 <= count; i += 4) {                                                           \
            uint32_t even, odd;                                                                    \
            pairs;                                                                                 \
            sum0 = tinyssl_add_four(a + i, even, odd, sum0);                                       \
            sum1 = tinyssl_add_four(b + i, even, odd, sum1);                                       \
            sum2 = tinyssl_add_four(c + i, even, odd, sum2);                                       \
            sum3 = tinyssl_add_four(d + i, even, odd, sum3);                                       \
        }                                                                                          \
        for (; i < count; i++) {                                                                   \
            const uint32_t last = tinyssl_pair(one, 0);                                            \
            sum0 = tinyssl_smlad(tinyssl_pair(a[i], 0), last, sum0);                               \
            sum1 = tinyssl_smlad(tinyssl_pair(b[i], 0), last, sum1);                               \
            sum2 = tinyssl_smlad(tinyssl_pair(c[i], 0), last, sum2);                               \
            sum3 = tinyssl_smlad(tinyssl_pair(d[i], 0), last, sum3);                               \
        }                                                                                          \
        (void)raise;                                                                               \
        sums[0] = sum0;                                                                            \
        sums[1] = sum1;                                                                            \
        sums[2] = sum2;                                                                            \
        sums[3] = sum3;                                                                            \
    }

#define TINYSSL_PAIRS_S8                                                                           \
    const uint32_t word = tinyssl_load(x + i);                                                     \
    even = tinyssl_sxtb16(word);                                                                   \
    odd = tinyssl_sxtb16_ror8(word)

#define TINYSSL_PAIRS_S8_RAISED                                                                    \
    TINYSSL_PAIRS_S8;                                                                              \
    even = tinyssl_sadd16(even, raise);                                                            \
    odd = tinyssl_sadd16(odd, raise)

#endif
