#include "depthwise_s8_dsp.h"

#include "lanes_dsp.h"
#include "pool2d.h"

/* Four channels of a pixel at a time, from where they lie. Taps on the padding are left out. */

enum { LANES = 4 };

/* The taps of a window that lie on the image. */
struct window {
    const int8_t *in, *weight; /* first of them */
    int32_t rows, columns;
    int32_t in_row, weight_row; /* bytes from a row to the next */
};

/* The tap so many bytes on. less_zero: the zero point of the input, negative, twice. */
TINYSSL_INLINE struct tinyssl_tap_sums add_tap(struct tinyssl_tap_sums s, const int8_t *in,
                                               const int8_t *weight, int32_t offset,
                                               uint32_t less_zero)
{
    return tinyssl_add_tap(s, tinyssl_load(in + offset), tinyssl_load(weight + offset), less_zero);
}

TINYSSL_INLINE int8_t *append_output(int32_t sum, const int32_t *channel, int32_t offset,
                                     int8_t *out)
{
    const struct tinyssl_channel table = {channel[0], channel[1]};
    const int32_t rounding = tinyssl_lsl(offset, table.word);
    tinyssl_append_byte(&out, tinyssl_requantise_signed(sum * 2, table, rounding));
    return out;
}

/* All channels of an output pixel. */
static void pixel(const struct window *w, const struct tinyssl_depthwise_dsp *p, int8_t *out)
{
    const int32_t columns = w->columns;
    const int32_t channels = p->channels;
    const int32_t offset = 2 * p->out_zero + 1;
    const uint32_t less_zero = tinyssl_pair(-p->in_zero, -p->in_zero);
    for (int32_t c = 0; c < channels; c += LANES) {
        c = c + LANES < channels ? c : channels - LANES; /* some twice at the end */
        const int32_t *table = p->channel + 2 * c;
        const int8_t *in = w->in + c;
        const int8_t *weight = w->weight + c;
        struct tinyssl_tap_sums s = {table[0] >> 8, table[2] >> 8, table[4] >> 8, table[6] >> 8};
        int32_t row = w->rows;
        do {
            s = add_tap(s, in, weight, 0, less_zero);
            if (columns > 1) {
                s = add_tap(s, in, weight, channels, less_zero);
            }
            if (columns > 2) {
                s = add_tap(s, in, weight, 2 * channels, less_zero);
            }
            in += w->in_row;
            weight += w->weight_row;
        } while (--row > 0);
        int8_t *to = append_output(s.a, table, offset, out + c);
        to = append_output(s.b, table + 2, offset, to);
        to = append_output(s.c, table + 4, offset, to);
        (void)append_output(s.d, table + 6, offset, to);
    }
}

static struct window window(const int8_t *in, const struct tinyssl_depthwise_dsp *p, int32_t y,
                            int32_t x)
{
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    const struct tinyssl_span rows = tinyssl_span(top, p->k_h, p->in_h);
    const struct tinyssl_span columns = tinyssl_span(left, p->k_w, p->in_w);
    return (struct window){
        .in = in + (rows.begin * p->in_w + columns.begin) * p->channels,
        .weight = p->weight + ((rows.begin - top) * p->k_w + columns.begin - left) * p->channels,
        .rows = rows.end - rows.begin,
        .columns = columns.end - columns.begin,
        .in_row = p->in_w * p->channels,
        .weight_row = p->k_w * p->channels,
    };
}

void tinyssl_depthwise_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_dsp *p, int8_t *out)
{
    int8_t *at = out;
    for (int32_t y = 0; y < p->out_h; y++) {
        for (int32_t x = 0; x < p->out_w; x++, at += p->channels) {
            const struct window w = window(in, p, y, x);
            pixel(&w, p, at);
        }
    }
    tinyssl_narrow(out, p->out_h * p->out_w * p->channels, p->out_min, p->out_max);
}
