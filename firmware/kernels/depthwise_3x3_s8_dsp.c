#include "depthwise_3x3_s8_dsp.h"

#include "lanes_dsp.h"

/* Four channels at a time, as a word holds them. Three input rows of each lie in scratch as int16
 * with their padding, so that the sums check no borders; the oldest row makes room for the next. */

enum { LANES = 4, TAPS = 9, WORD = 4 * TINYSSL_PLANE_WORDS };

/* Padding to one row of the four planes. slot: its first pair of columns in the first plane. */
static void fill(const struct tinyssl_depthwise_3x3_dsp *p, uint8_t *slot)
{
    const uint32_t zero = tinyssl_pair(p->in_zero, p->in_zero);
    const int32_t bytes = TINYSSL_PLANE_BYTES(p->columns);
    for (int32_t x = p->columns; x > 0; x -= 2, slot += WORD) {
        tinyssl_store(slot, zero);
        tinyssl_store(slot + bytes, zero);
        tinyssl_store(slot + 2 * bytes, zero);
        tinyssl_store(slot + 3 * bytes, zero);
    }
}

/* Input row y of the four channels that `in` starts at. The padding left and right is there. */
static void widen(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p, int32_t y,
                  uint8_t *slot)
{
    if (y < 0 || y >= p->in_h) {
        fill(p, slot);
        return;
    }
    const int32_t bytes = TINYSSL_PLANE_BYTES(p->columns);
    const int32_t step = p->channels;
    const int8_t *from = in + y * p->in_w * step;
    int32_t left = p->copied;
    slot += (p->pad_left >> 1) * WORD;
    if ((p->pad_left & 1) != 0) {
        tinyssl_widen_pixel(slot + 2, bytes, tinyssl_load(from));
        left--, from += step, slot += WORD;
    }
    for (; left >= 2; left -= 2, from += 2 * step, slot += WORD) {
        tinyssl_widen_pair(slot, bytes, tinyssl_load(from), tinyssl_load(from + step));
    }
    if (left > 0) {
        tinyssl_widen_pixel(slot, bytes, tinyssl_load(from));
    }
}

/* The whole image of four channels. */
static void image(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p,
                  const struct tinyssl_line lines[LANES], uint8_t *scratch, int8_t *out)
{
    const int32_t bytes = TINYSSL_PLANE_BYTES(p->columns);
    int32_t next = -p->pad_top;
    for (int32_t slot = 0; slot < TINYSSL_PLANE_WORDS; slot++) {
        widen(in, p, next++, scratch + 4 * slot);
    }
    int32_t oldest = 0;
    for (int32_t y = 0; y < p->out_h; y++, out += p->out_w * p->channels) {
        for (int32_t k = 0; y > 0 && k < p->stride; k++) {
            widen(in, p, next++, scratch + 4 * oldest);
            oldest = oldest == 2 ? 0 : oldest + 1;
        }
        const uint8_t *plane = scratch;
        const struct tinyssl_line *line = lines;
        TINYSSL_UNROLL
        for (int32_t k = 0; k < LANES; k++, plane += bytes, line++) {
            p->line(plane, line, tinyssl_line_taps(line, oldest), out + k);
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
        fill(p, planes + 4 * slot);
    }
    for (int32_t c = 0; c < channels; c += LANES) {
        const int32_t first =
            c + LANES < channels ? c : channels - LANES; /* some twice at the end */
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
