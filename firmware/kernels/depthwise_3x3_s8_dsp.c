#include "depthwise_3x3_s8_dsp.h"

#include "abi.h"
#include "lanes_dsp.h"

TINYSSL_FOR_SIZE

/* Four channels at a time, as a word holds them. Three input rows of each lie in scratch as int16
 * with their padding, so that the sums check no borders; the oldest row makes room for the next. */

enum { LANES = 4, TAPS = 9, WORD = 4 * TINYSSL_PLANE_WORDS };

/* The four planes, from one slot of their first pair of columns on. */
struct planes {
    uint8_t *slot;
    int32_t bytes; /* of a plane */
};

static void fill(struct planes to, const struct tinyssl_depthwise_3x3_dsp *p)
{
    const uint32_t zero = tinyssl_pack(p->in_zero, p->in_zero);
    for (int32_t x = p->columns; x > 0; x -= 2, to.slot += WORD) {
        tinyssl_store(to.slot, zero);
        tinyssl_store(to.slot + to.bytes, zero);
        tinyssl_store(to.slot + 2 * to.bytes, zero);
        tinyssl_store(to.slot + 3 * to.bytes, zero);
    }
}

/* Input row y of the four channels that `in` starts at. The padding left and right is there. */
static void widen(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p, int32_t y,
                  struct planes to)
{
    if (y < 0 || y >= p->in_h) {
        fill(to, p);
        return;
    }
    const int32_t step = p->channels;
    const int8_t *from = in + y * p->in_w * step;
    int32_t left = p->copied;
    to.slot += (p->pad_left >> 1) * WORD;
    if ((p->pad_left & 1) != 0) {
        tinyssl_widen_pixel(to.slot + 2, to.bytes, tinyssl_load(from));
        left--, from += step, to.slot += WORD;
    }
    for (; left >= 2; left -= 2, from += 2 * step, to.slot += WORD) {
        tinyssl_widen_pair(to.slot, to.bytes, tinyssl_load(from), tinyssl_load(from + step));
    }
    if (left > 0) {
        tinyssl_widen_pixel(to.slot, to.bytes, tinyssl_load(from));
    }
}

/* The whole image of four channels. */
static void image(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p,
                  const struct tinyssl_line lines[LANES], uint8_t *scratch, int8_t *out)
{
    const int32_t bytes = TINYSSL_PLANE_BYTES(p->columns);
    int32_t next = -p->pad_top;
    for (int32_t slot = 0; slot < TINYSSL_PLANE_WORDS; slot++) {
        widen(in, p, next++, (struct planes){scratch + 4 * slot, bytes});
    }
    int32_t oldest = 0;
    for (int32_t y = 0; y < p->out_h; y++, out += p->out_w * p->channels) {
        for (int32_t k = 0; y > 0 && k < p->stride; k++) {
            widen(in, p, next++, (struct planes){scratch + 4 * oldest, bytes});
            oldest = oldest == 2 ? 0 : oldest + 1;
        }
        for (int32_t k = 0; k < LANES; k++) {
            p->line(scratch + k * bytes, &lines[k], tinyssl_line_taps(&lines[k], oldest), out + k);
        }
    }
}

void tinyssl_depthwise_3x3_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p,
                                  int8_t *out, int8_t *scratch)
{
    uint8_t *planes = (uint8_t *)scratch;
    const int32_t bytes = TINYSSL_PLANE_BYTES(p->columns);
    const int32_t channels = p->channels;
    for (int32_t slot = 0; slot < TINYSSL_PLANE_WORDS; slot++) {
        fill((struct planes){planes + 4 * slot, bytes}, p);
    }
    for (int32_t c = 0; c < channels; c += LANES) {
        const int32_t first = c + LANES < channels ? c : channels - LANES; /* some twice at the end */
        struct tinyssl_line lines[LANES];
        for (int32_t k = 0; k < LANES; k++) {
            tinyssl_prepare_line(&lines[k], p->weight + (first + k) * TAPS,
                                 tinyssl_channel_at(p->channel, first + k), p->out_zero,
                                 planes + k * bytes, p->stride, p->out_w, channels);
        }
        image(in + first, p, lines, planes, out + first);
    }
    tinyssl_narrow(out, p->out_h * p->out_w * channels, p->out_min, p->out_max);
}
