#include "add_s8_mve.h"

#include "mve.h"

enum { HEADROOM = 20 }; /* bits: |q - zero point| is below 2^8, the sum below 2^29 */

/* x * multiplier * 2^(shift - 31), rounded twice; a shift of 0 has no halves. */
TINYSSL_INLINE tinyssl_quad requantise(tinyssl_quad x, int32_t multiplier, int32_t shift)
{
    x = tinyssl_top_quad(x, tinyssl_dup(multiplier));
    return shift < 0 ? tinyssl_round_shift(tinyssl_away(x), tinyssl_dup(shift)) : x;
}

TINYSSL_INLINE void four(const int8_t *left, const int8_t *right, const struct tinyssl_add *p,
                         int8_t *out, int32_t count)
{
    tinyssl_quad a = tinyssl_add(tinyssl_widen_quad(left, count), tinyssl_dup(-p->left_zero));
    tinyssl_quad b = tinyssl_add(tinyssl_widen_quad(right, count), tinyssl_dup(-p->right_zero));
    a = requantise(tinyssl_shift_left(a, HEADROOM), p->left_multiplier, p->left_shift);
    b = requantise(tinyssl_shift_left(b, HEADROOM), p->right_multiplier, p->right_shift);
    const tinyssl_quad sum = requantise(tinyssl_add(a, b), p->out_multiplier, p->out_shift);
    tinyssl_store_quad(out, sum, p->out_zero, tinyssl_dup(p->out_min), tinyssl_dup(p->out_max),
                       count);
}

void tinyssl_add_s8_mve(const int8_t *left, const int8_t *right, const struct tinyssl_add *given,
                        int8_t *out)
{
    const struct tinyssl_add p = *given; /* stores to `out` cannot change it */
    int32_t i = 0;
    for (; i + TINYSSL_QUAD <= p.size; i += TINYSSL_QUAD) {
        four(left + i, right + i, &p, out + i, TINYSSL_QUAD);
    }
    if (i < p.size) {
        four(left + i, right + i, &p, out + i, p.size - i);
    }
}
