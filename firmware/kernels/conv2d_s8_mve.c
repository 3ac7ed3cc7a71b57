#include "conv2d_s8_mve.h"

#include "mve.h"

static inline void copy(int8_t *to, const int8_t *from, int32_t count)
{
    tinyssl_mve_copy(to, from, count);
}

static inline void fill(int8_t *to, int8_t value, int32_t count)
{
    tinyssl_mve_fill(to, value, count);
}

static void gather(const int8_t *in, const struct tinyssl_window *p, int32_t y, int32_t x,
                   int8_t *to)
{
    tinyssl_gather_window(in, p, y, x, to, copy, fill);
}

void tinyssl_conv2d_row_mve(const int8_t *in, const struct tinyssl_conv2d_mve *p, int32_t y,
                            int8_t *out, int8_t *scratch)
{
    const struct tinyssl_window *window = &p->window;
    const int32_t pitch = p->product.out_pitch;
    int8_t *first = scratch;
    int8_t *second = scratch + p->product.depth;
    int32_t x = 0;
    for (; x + 2 <= window->out_w; x += 2, out += 2 * pitch) {
        gather(in, window, y, x, first);
        gather(in, window, y, x + 1, second);
        tinyssl_product2_mve(&p->product, first, second, out, out + pitch);
    }
    if (x < window->out_w) {
        gather(in, window, y, x, first);
        tinyssl_product1_mve(&p->product, first, out);
    }
}

void tinyssl_conv2d_s8_mve(const int8_t *in, const struct tinyssl_conv2d_mve *p, int8_t *out,
                           int8_t *scratch)
{
    const int32_t width = p->window.out_w * p->product.out_pitch;
    for (int32_t y = 0; y < p->window.out_h; y++, out += width) {
        tinyssl_conv2d_row_mve(in, p, y, out, scratch);
    }
}
