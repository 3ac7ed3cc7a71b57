#include "mul_s8_mve.h"

#include "lanes_mve.h"

/* Four values, less their zero point; or one that is repeated. */
TINYSSL_INLINE tinyssl_quad operand(const int8_t *from, int32_t step, int32_t zero, int32_t count)
{
    const tinyssl_quad x = step != 0 ? tinyssl_widen_quad(from, count) : tinyssl_dup(*from);
    return tinyssl_add(x, tinyssl_dup(-zero));
}

TINYSSL_INLINE void four(const struct tinyssl_mul *p, const int8_t *left, int32_t left_step,
                         const int8_t *right, int32_t right_step, int8_t *out, int32_t count)
{
    const tinyssl_quad a = operand(left, left_step, p->left_zero, count);
    const tinyssl_quad b = operand(right, right_step, p->right_zero, count);
    tinyssl_quad x = tinyssl_top_quad(tinyssl_multiply(a, b), tinyssl_dup(p->multiplier));
    x = tinyssl_round_shift(tinyssl_away(x), tinyssl_dup(p->shift));
    tinyssl_store_quad(out, x, p->out_zero, tinyssl_dup(p->out_min), tinyssl_dup(p->out_max),
                       count);
}

/* The steps are constants, 0 or 1, not both 0. */
TINYSSL_INLINE void run(const struct tinyssl_mul *p, const int8_t *x, int32_t left_step,
                        const int8_t *y, int32_t right_step, int8_t *out)
{
    int32_t left = p->loops.count[3];
    for (; left >= TINYSSL_QUAD; left -= TINYSSL_QUAD, out += TINYSSL_QUAD) {
        four(p, x, left_step, y, right_step, out, TINYSSL_QUAD);
        x += left_step * TINYSSL_QUAD;
        y += right_step * TINYSSL_QUAD;
    }
    if (left > 0) {
        four(p, x, left_step, y, right_step, out, left);
    }
}

void tinyssl_mul_s8_mve(const int8_t *left, const int8_t *right, const struct tinyssl_mul *given,
                        int8_t *out)
{
    const struct tinyssl_mul p = *given; /* stores to `out` cannot change it */
    const struct tinyssl_broadcast *const loops = &p.loops;
    for (int32_t a = 0; a < loops->count[0]; a++) {
        for (int32_t b = 0; b < loops->count[1]; b++) {
            for (int32_t c = 0; c < loops->count[2]; c++, out += loops->count[3]) {
                const int8_t *x = left + tinyssl_broadcast_start(loops->left, a, b, c);
                const int8_t *y = right + tinyssl_broadcast_start(loops->right, a, b, c);
                if (loops->right[3] == 0) {
                    run(&p, x, 1, y, 0, out);
                } else if (loops->left[3] == 0) {
                    run(&p, x, 0, y, 1, out);
                } else {
                    run(&p, x, 1, y, 1, out);
                }
            }
        }
    }
}

void tinyssl_mul_constant_s8_mve(const int8_t *left, const struct tinyssl_mul *p, int8_t *out)
{
    tinyssl_mul_s8_mve(left, (const int8_t *)p->constant, p, out);
}
