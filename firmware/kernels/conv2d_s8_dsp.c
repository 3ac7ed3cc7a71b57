#include "conv2d_s8_dsp.h"

#include <string.h>

#include "dsp.h"

static int8_t *copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        tinyssl_store(to, tinyssl_load(from));
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

static int8_t *fill(int8_t *to, int32_t value, int32_t count)
{
    memset(to, value, (size_t)count);
    return to + count;
}

/* The window whose first tap is at row y, column x, as `depth` bytes; the zero point on padding. */
static void gather(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int32_t y, int32_t x,
                   int8_t *window)
{
    const int32_t begin = x < 0 ? -x : 0;
    const int32_t room = p->in_w - x;
    const int32_t end = room > p->k_w ? p->k_w : room;
    const int32_t width = p->k_w * p->in_c;
    for (int32_t row = y; row < y + p->k_h; row++) {
        if (row < 0 || row >= p->in_h || begin >= end) {
            window = fill(window, p->in_zero, width);
            continue;
        }
        const int8_t *from = in + (row * p->in_w + x + begin) * p->in_c;
        window = begin > 0 ? fill(window, p->in_zero, begin * p->in_c) : window;
        window = copy(window, from, (end - begin) * p->in_c);
        window = end < p->k_w ? fill(window, p->in_zero, (p->k_w - end) * p->in_c) : window;
    }
}

static void gather_for(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int32_t index,
                       int8_t *window)
{
    const int32_t row = index / p->out_w;
    const int32_t column = index - row * p->out_w;
    gather(in, p, row * p->stride_h - p->pad_top, column * p->stride_w - p->pad_left, window);
}

void tinyssl_conv2d_s8_dsp(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int8_t *out,
                           int8_t *scratch)
{
    const int32_t depth = p->product.depth;
    const int32_t out_c = p->product.out_c;
    const int32_t pixels = p->out_h * p->out_w;
    uint8_t *column = (uint8_t *)scratch;
    int8_t *first = scratch + TINYSSL_COLUMN_BYTES(depth);
    int8_t *second = first + depth;
    int8_t *at = out;
    int32_t i = 0;
    for (; i + 2 <= pixels; i += 2, at += 2 * out_c) {
        gather_for(in, p, i, first);
        gather_for(in, p, i + 1, second);
        tinyssl_widen2(first, second, depth, column);
        tinyssl_product2(&p->product, column, at, at + out_c);
    }
    if (i < pixels) {
        gather_for(in, p, i, first);
        tinyssl_widen1(first, depth, column);
        tinyssl_product1(&p->product, column, at);
    }
    tinyssl_activate(out, pixels * out_c, p->product.out_min, p->product.out_max);
}
