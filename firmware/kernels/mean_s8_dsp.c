#include "mean_s8_dsp.h"

#include "lanes_dsp.h"

/* Sums of four channels, doubled as requantisation wants them. */
struct doubled {
    int32_t a, b, c, d;
};

/* Parts of TINYSSL_PLACES places, which the halves can hold. */
TINYSSL_INLINE struct doubled sum4(const int8_t *in, int32_t places, int32_t step, int32_t start)
{
    struct doubled x = {start, start, start, start};
    do {
        const int32_t count = places < TINYSSL_PLACES ? places : TINYSSL_PLACES;
        const struct tinyssl_sums sums =
            tinyssl_add_places((struct tinyssl_sums){0, 0}, in, step, count);
        x.a += 2 * tinyssl_low(sums.even);
        x.b += 2 * tinyssl_low(sums.odd);
        x.c += 2 * tinyssl_high(sums.even);
        x.d += 2 * tinyssl_high(sums.odd);
        in += count * step;
        places -= count;
    } while (places > 0);
    return x;
}

void tinyssl_mean_s8_dsp(const int8_t *in, const struct tinyssl_mean_dsp *p, int8_t *out)
{
    const struct tinyssl_channel channel = {p->word, p->multiplier};
    const int32_t rounding = tinyssl_rounding(p->out_zero, channel);
    const int32_t start = tinyssl_start(channel);
    const int32_t channels = p->channels;
    const int32_t places = p->places;
    for (int32_t c = 0; c < channels; c += 4) {
        const int32_t first = c + 4 < channels ? c : channels - 4; /* some twice at the end */
        const struct doubled x = sum4(in + first, places, channels, start);
        int8_t *to = out + first;
        tinyssl_append_byte(&to, tinyssl_requantise_signed(x.a, channel, rounding));
        tinyssl_append_byte(&to, tinyssl_requantise_signed(x.b, channel, rounding));
        tinyssl_append_byte(&to, tinyssl_requantise_signed(x.c, channel, rounding));
        tinyssl_append_byte(&to, tinyssl_requantise_signed(x.d, channel, rounding));
    }
}
