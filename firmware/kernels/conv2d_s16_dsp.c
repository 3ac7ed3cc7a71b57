#include "conv2d_s16_dsp.h"

#include <stddef.h>
#include <string.h>

#include "lanes_dsp.h"

enum { ENTRY = 3 }; /* words of a channel in the table */

static void copy(int8_t *to, const int8_t *from, int32_t count)
{
    memcpy(to, from, (size_t)count);
}

static void fill(int8_t *to, int8_t value, int32_t count)
{
    memset(to, value, (size_t)count);
}

/* Sums of pixels x and y with rows v and w of weights. */
struct sums {
    int32_t xv, xw, yv, yw;
};

/* Adds four products of a row and of one pixel or, with `two`, of both. */
#define STEP(row, x_sum, y_sum)                                                                    \
    word = tinyssl_load(row);                                                                      \
    taps = tinyssl_sxtb16(word);                                                                   \
    word = tinyssl_sxtb16_ror8(word);                                                              \
    (x_sum) = tinyssl_smlad(taps, x0, x_sum);                                                      \
    (x_sum) = tinyssl_smlad(word, x1, x_sum);                                                      \
    if (two) {                                                                                     \
        (y_sum) = tinyssl_smlad(taps, y0, y_sum);                                                  \
        (y_sum) = tinyssl_smlad(word, y1, y_sum);                                                  \
    }

/* 16 products in 20 instructions; 8 in 14 without `two`. */
TINYSSL_INLINE struct sums dot(const int16_t *x, const int16_t *y, const int8_t *v, const int8_t *w,
                               int32_t depth, struct sums sum, int two)
{
    const int8_t *const end = v + (depth & ~3);
    while (v < end) {
        uint32_t word, taps, y0 = 0, y1 = 0;
        const uint32_t x0 = tinyssl_load(x), x1 = tinyssl_load(x + 2);
        if (two) {
            y0 = tinyssl_load(y);
            y1 = tinyssl_load(y + 2);
            y += 4;
        }
        STEP(v, sum.xv, sum.yv)
        STEP(w, sum.xw, sum.yw)
        x += 4;
        v += 4;
        w += 4;
    }
    for (int32_t i = 0; i < (depth & 3); i++) {
        sum.xv = tinyssl_smlabb((uint32_t)x[i], (uint32_t)v[i], sum.xv);
        sum.xw = tinyssl_smlabb((uint32_t)x[i], (uint32_t)w[i], sum.xw);
        if (two) {
            sum.yv = tinyssl_smlabb((uint32_t)y[i], (uint32_t)v[i], sum.yv);
            sum.yw = tinyssl_smlabb((uint32_t)y[i], (uint32_t)w[i], sum.yw);
        }
    }
    return sum;
}

TINYSSL_INLINE int16_t requantise(const struct tinyssl_product_s16 *p, const int32_t *entry,
                                  int32_t sum)
{
    const int32_t half = tinyssl_lsl(1, entry[2] - 1);
    const int32_t high = (int32_t)((int64_t)sum * entry[1] >> 32);
    const int32_t x = tinyssl_asr(high + half, entry[2]);
    return (int16_t)(x < p->out_min ? p->out_min : x > p->out_max ? p->out_max : x);
}

/* All channels of one pixel or, with `two`, of both. */
TINYSSL_INLINE void pixels(const struct tinyssl_product_s16 *p, const int16_t *x, const int16_t *y,
                           int16_t *out, int two)
{
    const int8_t *v = p->weight;
    const int32_t *entry = p->channel;
    for (int32_t left = p->out_c; left > 0; left -= 2, out += 2) {
        const int pair = left > 1;
        const int8_t *const w = pair ? v + p->depth : v;
        const int32_t *const next = pair ? entry + ENTRY : entry;
        const struct sums start = {entry[0], next[0], entry[0], next[0]};
        const struct sums sum = dot(x, y, v, w, p->depth, start, two);
        out[0] = requantise(p, entry, sum.xv);
        if (two) {
            out[p->out_c] = requantise(p, entry, sum.yv);
        }
        if (pair) {
            out[1] = requantise(p, next, sum.xw);
            if (two) {
                out[p->out_c + 1] = requantise(p, next, sum.yw);
            }
        }
        v = w + p->depth;
        entry = next + ENTRY;
    }
}

void tinyssl_conv2d_s16_dsp(const int16_t *in, const struct tinyssl_conv2d_s16 *p, int16_t *out,
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
            pixels(&p->product, x, y, out, 1);
        }
        if (column < window->out_w) {
            const int16_t *x = tinyssl_window_s16(in, window, row, column, first, copy, fill);
            pixels(&p->product, x, x, out, 0);
            out += out_c;
        }
    }
}
