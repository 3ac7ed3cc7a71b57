#include "mul_s8_dsp.h"

#include "lanes_dsp.h"

enum { LANES = 4 };

struct scaling {
    struct tinyssl_channel channel;
    int32_t rounding;
};

TINYSSL_INLINE int8_t *append_product(const struct scaling *s, int32_t doubled, int8_t *out)
{
    tinyssl_append_byte(&out, tinyssl_requantise_signed(doubled, s->channel, s->rounding));
    return out;
}

/* less_x, less_y: zero points, negative, twice. */
static int8_t *products(const struct scaling *given, const int8_t *left, const int8_t *right,
                        int32_t count, uint32_t less_x, uint32_t less_y, int8_t *out)
{
    const struct scaling s = *given; /* no output can change it */
    for (; count >= LANES; count -= LANES, left += LANES, right += LANES) {
        const uint32_t x = tinyssl_load(left), y = tinyssl_load(right);
        const uint32_t x02 = tinyssl_sxtab16(less_x, x), x13 = tinyssl_sxtab16_ror8(less_x, x);
        const uint32_t y02 = tinyssl_sxtab16(less_y, y), y13 = tinyssl_sxtab16_ror8(less_y, y);
        const uint32_t even = tinyssl_sadd16(y02, y02), odd = tinyssl_sadd16(y13, y13);
        out = append_product(&s, tinyssl_low(x02) * tinyssl_low(even), out);
        out = append_product(&s, tinyssl_low(x13) * tinyssl_low(odd), out);
        out = append_product(&s, tinyssl_high(x02) * tinyssl_high(even), out);
        out = append_product(&s, tinyssl_high(x13) * tinyssl_high(odd), out);
    }
    for (; count > 0; count--) {
        const int32_t x = *left++ + tinyssl_low(less_x), y = *right++ + tinyssl_low(less_y);
        out = append_product(&s, 2 * x * y, out);
    }
    return out;
}

/* All with one factor, which is doubled. */
static int8_t *multiples(const struct scaling *given, const int8_t *in, int32_t factor,
                         int32_t count, uint32_t less, int8_t *out)
{
    const struct scaling s = *given; /* no output can change it */
    for (; count >= LANES; count -= LANES, in += LANES) {
        const uint32_t x = tinyssl_load(in);
        const uint32_t x02 = tinyssl_sxtab16(less, x), x13 = tinyssl_sxtab16_ror8(less, x);
        out = append_product(&s, tinyssl_low(x02) * factor, out);
        out = append_product(&s, tinyssl_low(x13) * factor, out);
        out = append_product(&s, tinyssl_high(x02) * factor, out);
        out = append_product(&s, tinyssl_high(x13) * factor, out);
    }
    for (; count > 0; count--) {
        out = append_product(&s, (*in++ + tinyssl_low(less)) * factor, out);
    }
    return out;
}

void tinyssl_mul_s8_dsp(const int8_t *left, const int8_t *right, const struct tinyssl_mul *p,
                        int8_t *out)
{
    const struct tinyssl_broadcast *const loops = &p->loops;
    const struct tinyssl_channel channel = {-p->shift - 1, p->multiplier};
    const struct scaling s = {channel, tinyssl_rounding(p->out_zero, channel)};
    const uint32_t less_x = tinyssl_pair(-p->left_zero, -p->left_zero);
    const uint32_t less_y = tinyssl_pair(-p->right_zero, -p->right_zero);
    const int32_t count = loops->count[3];
    int8_t *at = out;
    for (int32_t a = 0; a < loops->count[0]; a++) {
        for (int32_t b = 0; b < loops->count[1]; b++) {
            for (int32_t c = 0; c < loops->count[2]; c++) {
                const int8_t *x = left + tinyssl_broadcast_start(loops->left, a, b, c);
                const int8_t *y = right + tinyssl_broadcast_start(loops->right, a, b, c);
                if (loops->right[3] == 0) {
                    at = multiples(&s, x, 2 * (*y - p->right_zero), count, less_x, at);
                } else if (loops->left[3] == 0) {
                    at = multiples(&s, y, 2 * (*x - p->left_zero), count, less_y, at);
                } else {
                    at = products(&s, x, y, count, less_x, less_y, at);
                }
            }
        }
    }
    tinyssl_narrow(out, (int32_t)(at - out), p->out_min, p->out_max);
}

void tinyssl_mul_constant_s8_dsp(const int8_t *left, const struct tinyssl_mul *p, int8_t *out)
{
    tinyssl_mul_s8_dsp(left, (const int8_t *)p->constant, p, out);
}
