#include "depthwise_3x3_s8_rv32.h"

#include <string.h>

#include "product_s8_rv32.h"

enum { TAPS = 9, ENTRY = 2 };

/* All channels of one output. taps: where each tap of the window lies. */
static void pixel(const struct tinyssl_depthwise_rv32 *given, const int8_t *const taps[TAPS],
                  int8_t *out)
{
    const struct tinyssl_depthwise_rv32 p = *given; /* stores to `out` cannot change it */
    const int8_t *const x0 = taps[0], *const x1 = taps[1], *const x2 = taps[2];
    const int8_t *const x3 = taps[3], *const x4 = taps[4], *const x5 = taps[5];
    const int8_t *const x6 = taps[6], *const x7 = taps[7], *const x8 = taps[8];
    const int8_t *w = p.weight;
    const int32_t *entry = p.channel;
    for (int32_t c = 0; c < p.channels; c++, w += TAPS, entry += ENTRY) {
        int32_t sum = entry[0] >> 8;
        sum += x0[c] * w[0] + x1[c] * w[1] + x2[c] * w[2];
        sum += x3[c] * w[3] + x4[c] * w[4] + x5[c] * w[5];
        sum += x6[c] * w[6] + x7[c] * w[7] + x8[c] * w[8];
        out[c] = tinyssl_requantise_rv32(sum, entry, p.out_zero, p.out_min, p.out_max);
    }
}

void tinyssl_depthwise_3x3_s8_rv32(const int8_t *in, const struct tinyssl_depthwise_rv32 *p,
                                   int8_t *out, int8_t *scratch)
{
    memset(scratch, p->in_zero, (size_t)p->channels); /* what taps on the padding read */
    for (int32_t y = 0; y < p->out_h; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        for (int32_t x = 0; x < p->out_w; x++, out += p->channels) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const int8_t *taps[TAPS];
            for (int32_t row = 0; row < 3; row++) {
                const int inside = top + row >= 0 && top + row < p->in_h;
                for (int32_t k = 0; k < 3; k++) {
                    const int there = inside && left + k >= 0 && left + k < p->in_w;
                    const int32_t place = (top + row) * p->in_w + left + k;
                    taps[3 * row + k] = there ? in + place * p->channels : scratch;
                }
            }
            pixel(p, taps, out);
        }
    }
}
