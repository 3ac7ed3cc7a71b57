#include "conv2d_s16_mve.h"

#include <stddef.h>

#include "lanes_s16_mve.h"

enum { ENTRY = 12 }; /* words of four channels in the table */

static void copy(int8_t *to, const int8_t *from, int32_t count)
{
    tinyssl_mve_copy(to, from, count);
}

static void fill(int8_t *to, int8_t value, int32_t count)
{
    tinyssl_mve_fill(to, value, count);
}

struct channels {
    tinyssl_quad start, multiplier, shift, low, high;
};

TINYSSL_INLINE void requantise(const struct channels *c, tinyssl_quad sums, int16_t *out,
                               int32_t count)
{
    const tinyssl_quad x = tinyssl_high_quad(tinyssl_add_wrapping(sums, c->start), c->multiplier);
    tinyssl_store_quad_s16(out, tinyssl_round_shift(x, c->shift), c->low, c->high, count);
}

/* Four channels from c on, or fewer that are left, of one pixel or, with a `y`, of two. */
TINYSSL_INLINE void quad(const struct tinyssl_product_s16 *p, const int16_t *x, const int16_t *y,
                         int32_t c, int16_t *out)
{
    const int32_t count = p->out_c - c;
    const int8_t *rows[TINYSSL_QUAD];
    for (int32_t r = 0; r < TINYSSL_QUAD; r++) {
        rows[r] = p->weight + (r < count ? c + r : p->out_c - 1) * p->depth;
    }
    tinyssl_quad first, second = tinyssl_dup(0); /* for compilers that do not see both branches */
    if (y != NULL) {
        tinyssl_dot_2x4_s16(x, y, rows, p->depth, &first, &second);
    } else {
        first = tinyssl_dot_1x4_s16(x, rows, p->depth);
    }
    const int32_t *entry = p->channel + c / TINYSSL_QUAD * ENTRY;
    const struct channels channels = {
        tinyssl_load_quad(entry),
        tinyssl_load_quad(entry + TINYSSL_QUAD),
        tinyssl_load_quad(entry + 2 * TINYSSL_QUAD),
        tinyssl_dup(p->out_min),
        tinyssl_dup(p->out_max),
    };
    requantise(&channels, first, out + c, count);
    if (y != NULL) {
        requantise(&channels, second, out + p->out_c + c, count);
    }
}

/* All channels of one pixel or, with a `y`, of two. */
TINYSSL_INLINE void pixels(const struct tinyssl_product_s16 *p, const int16_t *x, const int16_t *y,
                           int16_t *out)
{
    for (int32_t c = 0; c < p->out_c; c += TINYSSL_QUAD) {
        quad(p, x, y, c, out);
    }
}

void tinyssl_conv2d_s16_mve(const int16_t *in, const struct tinyssl_conv2d_s16 *p, int16_t *out,
                            int8_t *scratch)
{
    const struct tinyssl_window *window = &p->window;
    const int32_t out_c = p->product.out_c;
    int16_t *first = (int16_t *)(void *)scratch, *other = first + p->product.depth;
    for (int32_t row = 0; row < window->out_h; row++) {
        int32_t column = 0;
        for (; column + 2 <= window->out_w; column += 2, out += 2 * out_c) {
            const int16_t *x = tinyssl_window_s16(in, window, row, column, first, copy, fill);
            const int16_t *y = tinyssl_window_s16(in, window, row, column + 1, other, copy, fill);
            pixels(&p->product, x, y, out);
        }
        if (column < window->out_w) {
            const int16_t *x = tinyssl_window_s16(in, window, row, column, first, copy, fill);
            pixels(&p->product, x, NULL, out);
            out += out_c;
        }
    }
}
