#include "max_pool2d_s8.h"

#include "fixed_point.h"

/* Largest element of a channel. in: in the first place of the window; step: bytes from place to place;
 * row: from row to row. */
static inline int32_t largest(const int8_t *in, int32_t rows, int32_t columns, int32_t step,
                              int32_t row)
{
    int32_t found = INT8_MIN;
    for (; rows > 0; rows--, in += row) {
        const int8_t *at = in;
        for (int32_t x = columns; x > 0; x--, at += step) {
            found = *at > found ? *at : found;
        }
    }
    return found;
}

void tinyssl_max_pool2d_s8(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    const int32_t channels = p->channels, row = p->in_w * channels;
    const int32_t low = p->out_min, high = p->out_max;
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            const int8_t *const first = in + rows.begin * row + columns.begin * channels;
            const int32_t height = rows.end - rows.begin, width = columns.end - columns.begin;
            for (int32_t c = 0; c < channels; c++) {
                const int32_t found = largest(first + c, height, width, channels, row);
                *out++ = tinyssl_clamp(found, low, high);
            }
        }
    }
}
