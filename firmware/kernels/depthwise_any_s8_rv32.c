#include "depthwise_any_s8_rv32.h"

#include "product_s8_rv32.h"

enum { LANES = 4, ENTRY = 2 };

struct sums {
    int32_t a, b, c, d;
};

/* A run of taps, `step` bytes apart in the input. */
static inline struct sums add_run(struct sums sums, const int8_t *in, int32_t step,
                                  const int8_t *weight, int32_t count, int32_t zero)
{
    for (const int8_t *const end = weight + count * LANES; weight < end; weight += LANES) {
        sums.a += (in[0] - zero) * weight[0];
        sums.b += (in[1] - zero) * weight[1];
        sums.c += (in[2] - zero) * weight[2];
        sums.d += (in[3] - zero) * weight[3];
        in += step;
    }
    return sums;
}

/* All channels of an output pixel. */
static void pixel(const struct tinyssl_inner_taps *taps, const struct tinyssl_depthwise_any *given,
                  int8_t *out)
{
    const struct tinyssl_depthwise_any p = *given; /* no output can change it */
    const int32_t group = p.k_h * p.k_w * LANES, channels = p.channels;
    const int32_t zero = p.out_zero, low = p.out_min, high = p.out_max;
    const int8_t *weight = taps->weight;
    for (int32_t c = 0; c < channels; c += LANES, weight += group) {
        c = c + LANES < channels ? c : channels - LANES; /* some twice at the end */
        const int32_t *entry = p.channel + ENTRY * c;
        struct sums sums = {entry[0] >> 8, entry[2] >> 8, entry[4] >> 8, entry[6] >> 8};
        const int8_t *in = taps->in + c, *w = weight;
        for (int32_t outer = taps->outer; outer > 0; outer--) {
            sums = add_run(sums, in, taps->in_inner, w, taps->inner, p.in_zero);
            in += taps->in_outer;
            w += taps->weight_outer;
        }
        out[c] = tinyssl_requantise_steep_rv32(sums.a, entry, zero, low, high);
        out[c + 1] = tinyssl_requantise_steep_rv32(sums.b, entry + ENTRY, zero, low, high);
        out[c + 2] = tinyssl_requantise_steep_rv32(sums.c, entry + 2 * ENTRY, zero, low, high);
        out[c + 3] = tinyssl_requantise_steep_rv32(sums.d, entry + 3 * ENTRY, zero, low, high);
    }
}

void tinyssl_depthwise_any_s8_rv32(const int8_t *in, const struct tinyssl_depthwise_any *p,
                                   int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        for (int32_t x = 0; x < p->out_w; x++, out += p->channels) {
            const struct tinyssl_inner_taps taps = tinyssl_inner_taps_of(p, in, LANES, y, x);
            pixel(&taps, p, out);
        }
    }
}
