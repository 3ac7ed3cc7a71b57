#include "conv2d_s8_mve.h"

#include "mve.h"

/* The window of output (y, x) as `depth` bytes; the zero point on padding. */
static void gather(const int8_t *in, const struct tinyssl_conv2d_mve *p, int32_t y, int32_t x,
                   int8_t *window)
{
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    const int32_t begin = left < 0 ? -left : 0;
    const int32_t room = p->in_w - left;
    const int32_t end = room > p->k_w ? p->k_w : room;
    const int32_t width = p->k_w * p->in_c;
    for (int32_t row = top; row < top + p->k_h; row++, window += width) {
        const int8_t *from = in + (row * p->in_w + left) * p->in_c;
        if (row >= 0 && row < p->in_h && end - begin == p->k_w) {
            tinyssl_copy(window, from, width);
            continue;
        }
        tinyssl_fill(window, (int8_t)p->in_zero, width);
        if (row >= 0 && row < p->in_h && begin < end) {
            tinyssl_copy(window + begin * p->in_c, from + begin * p->in_c, (end - begin) * p->in_c);
        }
    }
}

void tinyssl_conv2d_s8_mve(const int8_t *in, const struct tinyssl_conv2d_mve *p, int8_t *out,
                           int8_t *scratch)
{
    const int32_t out_c = p->product.out_c;
    int8_t *first = scratch;
    int8_t *second = scratch + p->product.depth;
    for (int32_t y = 0; y < p->out_h; y++) {
        int32_t x = 0;
        for (; x + 2 <= p->out_w; x += 2, out += 2 * out_c) {
            gather(in, p, y, x, first);
            gather(in, p, y, x + 1, second);
            tinyssl_product2_mve(&p->product, first, second, out, out + out_c);
        }
        if (x < p->out_w) {
            gather(in, p, y, x, first);
            tinyssl_product1_mve(&p->product, first, out);
            out += out_c;
        }
    }
}
