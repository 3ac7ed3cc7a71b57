#include "gate_s8_dsp.h"

#include "lanes_dsp.h"

enum { LANES = 4 };

/* Four channels of all pixels. sign: as of tinyssl_requantise_dsp(). */
TINYSSL_INLINE void four_channels(const int8_t *in, uint32_t gate, const struct tinyssl_gate *p,
                                  int8_t *out, int32_t sign)
{
    const struct tinyssl_channel channel = {-p->shift - 1, p->multiplier};
    const int32_t rounding = tinyssl_rounding(p->out_zero, channel);
    const int32_t channels = p->channels;
    const uint32_t less_x = tinyssl_pair(-p->image_zero, -p->image_zero);
    const uint32_t less_y = tinyssl_pair(-p->gate_zero, -p->gate_zero);
    const uint32_t y02 = tinyssl_sxtab16(less_y, gate), y13 = tinyssl_sxtab16_ror8(less_y, gate);
    const uint32_t even = tinyssl_sadd16(y02, y02), odd = tinyssl_sadd16(y13, y13);
    for (int32_t left = p->pixels; left > 0; left--, in += channels, out += channels - LANES) {
        const uint32_t x = tinyssl_load(in);
        const uint32_t x02 = tinyssl_sxtab16(less_x, x), x13 = tinyssl_sxtab16_ror8(less_x, x);
        const int32_t a = tinyssl_smlabb(x02, even, 0), b = tinyssl_smlabb(x13, odd, 0);
        const int32_t c = tinyssl_smlatt(x02, even, 0), d = tinyssl_smlatt(x13, odd, 0);
        tinyssl_append_byte(&out, tinyssl_requantise_dsp(a, channel, rounding, sign));
        tinyssl_append_byte(&out, tinyssl_requantise_dsp(b, channel, rounding, sign));
        tinyssl_append_byte(&out, tinyssl_requantise_dsp(c, channel, rounding, sign));
        tinyssl_append_byte(&out, tinyssl_requantise_dsp(d, channel, rounding, sign));
    }
}

TINYSSL_INLINE void one_channel(const int8_t *in, int32_t factor, const struct tinyssl_gate *p,
                                int8_t *out)
{
    const struct tinyssl_channel channel = {-p->shift - 1, p->multiplier};
    const int32_t rounding = tinyssl_rounding(p->out_zero, channel);
    const int32_t channels = p->channels, zero = p->image_zero;
    for (int32_t left = p->pixels; left > 0; left--, in += channels, out += channels) {
        *out = tinyssl_requantise_signed((*in - zero) * factor, channel, rounding);
    }
}

TINYSSL_INLINE void all_channels(const int8_t *left, const int8_t *right,
                                 const struct tinyssl_gate *given, int8_t *out, int32_t sign)
{
    const struct tinyssl_gate p = *given; /* no output can change it */
    const int8_t *const image = p.gate_first ? right : left;
    const int8_t *const gate = p.gate_first ? left : right;
    int32_t c = 0;
    for (; c + LANES <= p.channels; c += LANES) {
        four_channels(image + c, tinyssl_load(gate + c), &p, out + c, sign);
    }
    for (; c < p.channels; c++) {
        one_channel(image + c, 2 * (gate[c] - p.gate_zero), &p, out + c);
    }
    tinyssl_narrow(out, p.pixels * p.channels, p.out_min, p.out_max);
}

void tinyssl_gate_s8_dsp(const int8_t *left, const int8_t *right, const struct tinyssl_gate *p,
                         int8_t *out)
{
    all_channels(left, right, p, out, 1);
}

void tinyssl_gate_positive_s8_dsp(const int8_t *left, const int8_t *right,
                                  const struct tinyssl_gate *p, int8_t *out)
{
    all_channels(left, right, p, out, 0);
}
