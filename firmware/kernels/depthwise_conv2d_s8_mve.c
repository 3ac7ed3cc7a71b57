#include "depthwise_conv2d_s8_mve.h"

#include "mve.h"

enum { TAPS = 9, ENTRY = 8 }; /* ENTRY: words of four channels in the table */

/* Sixteen channels, or the first `count` of them, of one output. taps: where each tap of the window
 * lies, for the first channel of the block. */
static inline void block(const struct tinyssl_depthwise_mve *p, const int8_t *const taps[TAPS],
                         const int8_t *weight, const int32_t *channel, int8_t *out, int32_t at,
                         int32_t count)
{
    tinyssl_quad sums[4];
    for (int32_t k = 0; k < 4; k++) {
        sums[k] = tinyssl_start(tinyssl_load_quad(channel + k * ENTRY));
    }
    TINYSSL_UNROLL
    for (int32_t k = 0; k + 1 < TAPS; k += 2, weight += 2 * TINYSSL_BLOCK) {
        tinyssl_add_taps(sums, tinyssl_load_block(taps[k] + at, count),
                         tinyssl_load_block(weight, TINYSSL_BLOCK),
                         tinyssl_load_block(taps[k + 1] + at, count),
                         tinyssl_load_block(weight + TINYSSL_BLOCK, TINYSSL_BLOCK));
    }
    tinyssl_add_tap(sums, tinyssl_load_block(taps[TAPS - 1] + at, count),
                    tinyssl_load_block(weight, TINYSSL_BLOCK));
    for (int32_t k = 0; k < 4; k++) {
        const int32_t *entry = channel + k * ENTRY;
        sums[k] = tinyssl_top_quad(sums[k], tinyssl_load_quad(entry + TINYSSL_QUAD));
        if (p->sign) {
            sums[k] = tinyssl_away(sums[k]);
        }
        sums[k] = tinyssl_round_shift(sums[k], tinyssl_load_quad(entry));
    }
    tinyssl_store_block(out + at, sums, p->out_zero, p->out_min, p->out_max, count);
}

/* All channels of one output. */
static void pixel(const struct tinyssl_depthwise_mve *given, const int8_t *const taps[TAPS],
                  int8_t *out)
{
    const struct tinyssl_depthwise_mve p = *given; /* stores to `out` cannot change it */
    const int8_t *weight = p.weight;
    const int32_t *channel = p.channel;
    if (p.channels < TINYSSL_BLOCK) {
        block(&p, taps, weight, channel, out, 0, p.channels);
        return;
    }
    const int32_t last = p.channels - TINYSSL_BLOCK;
    for (int32_t at = 0;; at += TINYSSL_BLOCK) {
        at = at < last ? at : last;
        block(&p, taps, weight, channel, out, at, TINYSSL_BLOCK);
        weight += TAPS * TINYSSL_BLOCK;
        channel += TINYSSL_QUAD * ENTRY;
        if (at == last) {
            return;
        }
    }
}

void tinyssl_depthwise_conv2d_s8_mve(const int8_t *in, const struct tinyssl_depthwise_mve *p,
                                     int8_t *out, int8_t *scratch)
{
    tinyssl_fill(scratch, (int8_t)p->in_zero, p->channels);
    for (int32_t y = 0; y < p->out_h; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        for (int32_t x = 0; x < p->out_w; x++, out += p->channels) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const int8_t *taps[TAPS];
            for (int32_t k = 0; k < TAPS; k++) {
                const int32_t row = top + k / 3;
                const int32_t column = left + k % 3;
                const int inside = row >= 0 && row < p->in_h && column >= 0 && column < p->in_w;
                taps[k] = inside ? in + (row * p->in_w + column) * p->channels : scratch;
            }
            pixel(p, taps, out);
        }
    }
}
