#include "max_pool2d_s8_dsp.h"

#include "lanes_dsp.h"

enum { LANES = 4 };

/* Four channels. in: in the first place of the window; step: bytes from place to place; row: from row to
 * row. */
TINYSSL_INLINE uint32_t largest4(const int8_t *in, int32_t rows, int32_t columns, int32_t step,
                                 int32_t row)
{
    uint32_t found = tinyssl_load(in);
    for (; rows > 0; rows--, in += row) {
        const int8_t *at = in;
        TINYSSL_UNROLL
        for (int32_t x = columns; x > 0; x--, at += step) {
            found = tinyssl_max8(found, tinyssl_load(at));
        }
    }
    return found;
}

/* All channels of an output pixel; some of them twice at the end. */
static void pixel(const int8_t *in, int32_t rows, int32_t columns, const struct tinyssl_pool2d *p,
                  int8_t *out)
{
    const int32_t step = p->in_pitch, row = p->in_w * step, last = p->channels - LANES;
    for (int32_t c = 0; c < last; c += LANES) {
        tinyssl_store(out + c, largest4(in + c, rows, columns, step, row));
    }
    tinyssl_store(out + last, largest4(in + last, rows, columns, step, row));
}

/* The same of windows of two by two places. */
static void pixel_2x2(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    const int32_t step = p->in_pitch, row = p->in_w * step, last = p->channels - LANES;
    const int8_t *below = in + row;
    for (int32_t c = 0;; c += LANES) {
        c = c < last ? c : last;
        const uint32_t x = tinyssl_max8(tinyssl_load(in + c), tinyssl_load(in + step + c));
        const uint32_t y = tinyssl_max8(tinyssl_load(below + c), tinyssl_load(below + step + c));
        tinyssl_store(out + c, tinyssl_max8(x, y));
        if (c == last) {
            return;
        }
    }
}

void tinyssl_max_pool2d_s8_dsp(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    int8_t *at = out;
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, at += p->out_pitch) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            const int8_t *const first = in + (rows.begin * p->in_w + columns.begin) * p->in_pitch;
            const int32_t height = rows.end - rows.begin, width = columns.end - columns.begin;
            if (height == 2 && width == 2) {
                pixel_2x2(first, p, at);
            } else {
                pixel(first, height, width, p, at);
            }
        }
    }
    tinyssl_narrow_pixels(out, p->out_h * p->out_w, p->channels, p->out_pitch, p->out_min,
                          p->out_max);
}
