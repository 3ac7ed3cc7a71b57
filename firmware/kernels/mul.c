#include "mul.h"

#include "fixed_point.h"

/* Zero points of int16 are 0, so a product is 2^30 at most. */
static int32_t product(const struct tinyssl_mul *p, int32_t left, int32_t right)
{
    const int32_t x = (left - p->left_zero) * (right - p->right_zero);
    const int32_t y = tinyssl_requantise(x, p->multiplier, p->shift) + p->out_zero;
    return y < p->out_min ? p->out_min : y > p->out_max ? p->out_max : y;
}

void tinyssl_mul_s8(const int8_t *left, const int8_t *right, const struct tinyssl_mul *given,
                    int8_t *out)
{
    const struct tinyssl_mul own = *given; /* no output can change it */
    const struct tinyssl_mul *const p = &own;
    const struct tinyssl_broadcast *const loops = &p->loops;
    for (int32_t a = 0; a < loops->count[0]; a++) {
        for (int32_t b = 0; b < loops->count[1]; b++) {
            for (int32_t c = 0; c < loops->count[2]; c++) {
                const int8_t *x = left + tinyssl_broadcast_start(loops->left, a, b, c);
                const int8_t *y = right + tinyssl_broadcast_start(loops->right, a, b, c);
                for (int32_t d = 0; d < loops->count[3]; d++) {
                    *out++ = (int8_t)product(p, *x, *y);
                    x += loops->left[3];
                    y += loops->right[3];
                }
            }
        }
    }
}

void tinyssl_mul_constant_s8(const int8_t *left, const struct tinyssl_mul *p, int8_t *out)
{
    tinyssl_mul_s8(left, (const int8_t *)p->constant, p, out);
}

void tinyssl_mul_s16(const int16_t *left, const int16_t *right, const struct tinyssl_mul *p,
                     int16_t *out)
{
    const struct tinyssl_broadcast *const loops = &p->loops;
    for (int32_t a = 0; a < loops->count[0]; a++) {
        for (int32_t b = 0; b < loops->count[1]; b++) {
            for (int32_t c = 0; c < loops->count[2]; c++) {
                const int16_t *x = left + tinyssl_broadcast_start(loops->left, a, b, c);
                const int16_t *y = right + tinyssl_broadcast_start(loops->right, a, b, c);
                for (int32_t d = 0; d < loops->count[3]; d++) {
                    *out++ = (int16_t)product(p, *x, *y);
                    x += loops->left[3];
                    y += loops->right[3];
                }
            }
        }
    }
}

void tinyssl_mul_constant_s16(const int16_t *left, const struct tinyssl_mul *p, int16_t *out)
{
    tinyssl_mul_s16(left, (const int16_t *)p->constant, p, out);
}
