#include "conv2d_s8_rv32.h"

#include <string.h>

/* The window of output (y, x): where it lies, for one tap on the input; else copied to `window`, with
 * the zero point on padding. */
static const int8_t *window_of(const int8_t *in, const struct tinyssl_conv2d_rv32 *p, int32_t y,
                               int32_t x, int8_t *window)
{
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    if (p->k_h == 1 && p->k_w == 1 && top >= 0 && top < p->in_h && left >= 0 && left < p->in_w) {
        return in + (top * p->in_w + left) * p->in_c;
    }
    const int32_t begin = left < 0 ? -left : 0;
    const int32_t room = p->in_w - left;
    const int32_t end = room > p->k_w ? p->k_w : room;
    const int32_t width = p->k_w * p->in_c;
    int8_t *to = window;
    for (int32_t row = top; row < top + p->k_h; row++, to += width) {
        const int inside = row >= 0 && row < p->in_h && begin < end;
        if (!inside || end - begin < p->k_w) {
            memset(to, p->in_zero, (size_t)width);
        }
        if (inside) {
            memcpy(to + begin * p->in_c, in + (row * p->in_w + left + begin) * p->in_c,
                   (size_t)((end - begin) * p->in_c));
        }
    }
    return window;
}

void tinyssl_conv2d_s8_rv32(const int8_t *in, const struct tinyssl_conv2d_rv32 *p, int8_t *out,
                            int8_t *scratch)
{
    const int32_t out_c = p->product.out_c;
    for (int32_t y = 0; y < p->out_h; y++) {
        int32_t x = 0;
        for (; x + 2 <= p->out_w; x += 2, out += 2 * out_c) {
            const int8_t *first = window_of(in, p, y, x, scratch);
            const int8_t *second = window_of(in, p, y, x + 1, scratch + p->product.depth);
            tinyssl_product2_rv32(&p->product, first, second, out, out + out_c);
        }
        if (x < p->out_w) {
            tinyssl_product1_rv32(&p->product, window_of(in, p, y, x, scratch), out);
            out += out_c;
        }
    }
}
