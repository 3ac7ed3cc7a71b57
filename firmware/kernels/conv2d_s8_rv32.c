#include "conv2d_s8_rv32.h"

#include <string.h>

#include "fast_copy.h"

static void copy(int8_t *to, const int8_t *from, int32_t count)
{
    tinyssl_fast_copy(to, from, (size_t)count);
}

static void fill(int8_t *to, int8_t value, int32_t count)
{
    memset(to, value, (size_t)count);
}

/* The window of output (y, x): where it lies, for one tap on the input; else copied to `to`. */
static const int8_t *window_of(const int8_t *in, const struct tinyssl_window *p, int32_t y,
                               int32_t x, int8_t *to)
{
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    if (p->k_h == 1 && p->k_w == 1 && top >= 0 && top < p->in_h && left >= 0 && left < p->in_w) {
        return in + (top * p->in_w + left) * p->in_c;
    }
    tinyssl_gather_window(in, p, y, x, to, copy, fill);
    return to;
}

void tinyssl_conv2d_s8_rv32(const int8_t *in, const struct tinyssl_conv2d_rv32 *p, int8_t *out,
                            int8_t *scratch)
{
    const struct tinyssl_window *window = &p->window;
    const int32_t pitch = p->product.out_pitch;
    for (int32_t y = 0; y < window->out_h; y++) {
        int32_t x = 0;
        for (; x + 2 <= window->out_w; x += 2, out += 2 * pitch) {
            const int8_t *first = window_of(in, window, y, x, scratch);
            const int8_t *second = window_of(in, window, y, x + 1, scratch + p->product.depth);
            tinyssl_product2_rv32(&p->product, first, second, out, out + pitch);
        }
        if (x < window->out_w) {
            tinyssl_product1_rv32(&p->product, window_of(in, window, y, x, scratch), out);
            out += pitch;
        }
    }
}
