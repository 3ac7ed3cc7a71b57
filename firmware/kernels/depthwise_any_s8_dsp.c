#include "depthwise_any_s8_dsp.h"

#include "lanes_dsp.h"

enum { LANES = 4 };

/* A run of taps, `step` bytes apart in the input. Apart from its caller it keeps all in registers. */
TINYSSL_APART void add_run(struct tinyssl_tap_sums *sums, const int8_t *in, int32_t step,
                           const int8_t *weight, int32_t count, uint32_t less_zero)
{
    struct tinyssl_tap_sums s = *sums;
    for (; count >= 2; count -= 2, weight += 2 * LANES) {
        s = tinyssl_add_tap(s, tinyssl_load(in), tinyssl_load(weight), less_zero);
        in += step;
        s = tinyssl_add_tap(s, tinyssl_load(in), tinyssl_load(weight + LANES), less_zero);
        in += step;
    }
    if (count > 0) {
        s = tinyssl_add_tap(s, tinyssl_load(in), tinyssl_load(weight), less_zero);
    }
    *sums = s;
}

TINYSSL_INLINE int8_t *append_output(int32_t sum, const int32_t *entry, int32_t out_zero,
                                     int8_t *out)
{
    const struct tinyssl_channel channel = {entry[0], entry[1]};
    const int32_t rounding = tinyssl_depthwise_rounding(out_zero, channel);
    tinyssl_append_byte(&out, tinyssl_requantise_depthwise(sum * 2, channel, rounding, 1));
    return out;
}

/* All channels of an output pixel. */
static void pixel(const struct tinyssl_inner_taps *taps, const struct tinyssl_depthwise_any *p,
                  int8_t *out)
{
    const int32_t group = p->k_h * p->k_w * LANES;
    const int32_t channels = p->channels;
    const int32_t out_zero = p->out_zero;
    const uint32_t less_zero = tinyssl_pair(-p->in_zero, -p->in_zero);
    const int8_t *weight = taps->weight;
    for (int32_t c = 0; c < channels; c += LANES, weight += group) {
        c = c + LANES < channels ? c : channels - LANES; /* some twice at the end */
        const int32_t *table = p->channel + 2 * c;
        struct tinyssl_tap_sums s = {table[0] >> 8, table[2] >> 8, table[4] >> 8, table[6] >> 8};
        const int8_t *in = taps->in + c, *w = weight;
        for (int32_t outer = taps->outer; outer > 0; outer--) {
            add_run(&s, in, taps->in_inner, w, taps->inner, less_zero);
            in += taps->in_outer;
            w += taps->weight_outer;
        }
        int8_t *to = append_output(s.a, table, out_zero, out + c);
        to = append_output(s.b, table + 2, out_zero, to);
        to = append_output(s.c, table + 4, out_zero, to);
        (void)append_output(s.d, table + 6, out_zero, to);
    }
}

void tinyssl_depthwise_any_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_any *p,
                                  int8_t *out)
{
    int8_t *at = out;
    for (int32_t y = 0; y < p->out_h; y++) {
        for (int32_t x = 0; x < p->out_w; x++, at += p->channels) {
            const struct tinyssl_inner_taps taps = tinyssl_inner_taps_of(p, in, LANES, y, x);
            pixel(&taps, p, at);
        }
    }
    tinyssl_narrow(out, p->out_h * p->out_w * p->channels, p->out_min, p->out_max);
}
