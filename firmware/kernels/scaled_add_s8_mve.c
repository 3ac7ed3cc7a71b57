#include "scaled_add_s8_mve.h"

#include "mve.h"

/* x * multiplier * 2^(shift - 31), rounded twice; a shift of 0 has no halves. */
TINYSSL_INLINE tinyssl_quad requantise(tinyssl_quad x, int32_t multiplier, int32_t shift)
{
    x = tinyssl_top_quad(x, tinyssl_dup(multiplier));
    return shift < 0 ? tinyssl_round_shift(tinyssl_away(x), tinyssl_dup(shift)) : x;
}

/* Four values on the common scale. */
TINYSSL_INLINE tinyssl_quad scaled(const struct tinyssl_scaled_pair *p, tinyssl_quad x,
                                   int32_t zero, int32_t multiplier, int32_t shift)
{
    x = tinyssl_shift_left(tinyssl_add(x, tinyssl_dup(-zero)), p->headroom);
    return requantise(x, multiplier, shift);
}

TINYSSL_INLINE tinyssl_quad left_of(const struct tinyssl_scaled_pair *p, tinyssl_quad x)
{
    return scaled(p, x, p->left_zero, p->left_multiplier, p->left_shift);
}

TINYSSL_INLINE tinyssl_quad right_of(const struct tinyssl_scaled_pair *p, tinyssl_quad x)
{
    return scaled(p, x, p->right_zero, p->right_multiplier, p->right_shift);
}

TINYSSL_INLINE void store_sum(const struct tinyssl_scaled_pair *p, tinyssl_quad x, tinyssl_quad y,
                              int8_t *out, int32_t count)
{
    const tinyssl_quad sum = requantise(tinyssl_add(x, y), p->out_multiplier, p->out_shift);
    tinyssl_store_quad(out, sum, p->out_zero, tinyssl_dup(p->out_min), tinyssl_dup(p->out_max),
                       count);
}

/* Elements of both inputs, or of one and the same of the other. */
TINYSSL_INLINE void four(const struct tinyssl_scaled_pair *p, const int8_t *x, const int8_t *y,
                         int8_t *out, int32_t count, int32_t left_step, int32_t right_step,
                         tinyssl_quad one)
{
    const tinyssl_quad a = left_step != 0 ? left_of(p, tinyssl_widen_quad(x, count)) : one;
    const tinyssl_quad b = right_step != 0 ? right_of(p, tinyssl_widen_quad(y, count)) : one;
    store_sum(p, a, b, out, count);
}

/* The steps are constants, 0 or 1, not both 0. */
TINYSSL_INLINE void run(const struct tinyssl_scaled_pair *p, const int8_t *x, int32_t left_step,
                        const int8_t *y, int32_t right_step, int8_t *out)
{
    const tinyssl_quad one =
        left_step == 0 ? left_of(p, tinyssl_dup(*x)) : right_of(p, tinyssl_dup(*y));
    const int32_t count = p->sides.loops.count[3];
    int32_t i = 0;
    for (; i + TINYSSL_QUAD <= count; i += TINYSSL_QUAD) {
        four(p, x + i * left_step, y + i * right_step, out + i, TINYSSL_QUAD, left_step, right_step,
             one);
    }
    if (i < count) {
        four(p, x + i * left_step, y + i * right_step, out + i, count - i, left_step, right_step,
             one);
    }
}

void tinyssl_scaled_add_s8_mve(const int8_t *const *in, const struct tinyssl_scaled_pair *given,
                               int8_t *const *out)
{
    const struct tinyssl_scaled_pair p = *given; /* stores to the output cannot change it */
    const struct tinyssl_broadcast *const loops = &p.sides.loops;
    const int8_t *const left = (const int8_t *)(p.sides.left ? p.sides.left : *in++);
    const int8_t *const right = (const int8_t *)(p.sides.right ? p.sides.right : *in);
    int8_t *to = out[0];
    for (int32_t a = 0; a < loops->count[0]; a++) {
        for (int32_t b = 0; b < loops->count[1]; b++) {
            for (int32_t c = 0; c < loops->count[2]; c++, to += loops->count[3]) {
                const int8_t *x = left + tinyssl_broadcast_start(loops->left, a, b, c);
                const int8_t *y = right + tinyssl_broadcast_start(loops->right, a, b, c);
                if (loops->right[3] == 0) {
                    run(&p, x, 1, y, 0, to);
                } else if (loops->left[3] == 0) {
                    run(&p, x, 0, y, 1, to);
                } else {
                    run(&p, x, 1, y, 1, to);
                }
            }
        }
    }
}
