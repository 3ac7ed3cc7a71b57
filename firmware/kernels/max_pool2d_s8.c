#include "max_pool2d_s8.h"

#include <string.h>

#include "fixed_point.h"

enum { LANES = 4 };

/* A window: where its first place lies, its rows and columns, and the bytes from one to the next. */
struct window {
    const int8_t *in;
    int32_t rows, columns, row, step;
};

/* Largest element of channel c. */
static inline int32_t largest(const struct window *w, int32_t c)
{
    const int8_t *in = w->in + c;
    int32_t found = INT8_MIN;
    for (int32_t rows = w->rows; rows > 0; rows--, in += w->row) {
        const int8_t *at = in;
        for (int32_t x = w->columns; x > 0; x--, at += w->step) {
            found = *at > found ? *at : found;
        }
    }
    return found;
}

/* A multiple of 4, as the compiler is told: cores that cannot load a word from any address have one
 * instruction then. */
#if defined(__GNUC__)
#define AT_WORD(at) __builtin_assume_aligned(at, LANES)
#else
#define AT_WORD(at) (at)
#endif

static inline uint32_t load(const int8_t *at)
{
    uint32_t word;
    memcpy(&word, AT_WORD(at), sizeof word);
    return word;
}

/* The larger of each pair of bytes. In the highest bit of each byte, `least` says that a is less: by the
 * bits below where the highest ones are alike, else by these. */
static inline uint32_t larger4(uint32_t a, uint32_t b)
{
    const uint32_t high = UINT32_C(0x80808080), differ = a ^ b;
    const uint32_t below = (a | high) - (b & ~high); /* no byte borrows from the next */
    const uint32_t least = ((differ & a) | ~(differ | below)) & high;
    const uint32_t mask = (least << 1) - (least >> 7);
    return a ^ (differ & mask);
}

/* Four channels from c on. */
static inline uint32_t largest4(const struct window *w, int32_t c)
{
    const int8_t *in = w->in + c;
    uint32_t found = load(in);
    for (int32_t rows = w->rows; rows > 0; rows--, in += w->row) {
        const int8_t *at = in;
        for (int32_t x = w->columns; x > 0; x--, at += w->step) {
            found = larger4(found, load(at));
        }
    }
    return found;
}

/* The same of windows of two by two places. */
static inline uint32_t largest4_2x2(const struct window *w, int32_t c)
{
    const int8_t *const in = w->in + c, *const below = in + w->row;
    return larger4(larger4(load(in), load(in + w->step)),
                   larger4(load(below), load(below + w->step)));
}

/* All channels of an output pixel, a word at a time. */
static void pixel4(const struct window *w, const struct tinyssl_pool2d *p, int8_t *out)
{
    const int small = w->rows == 2 && w->columns == 2;
    for (int32_t c = 0; c < p->channels; c += LANES) {
        const uint32_t word = small ? largest4_2x2(w, c) : largest4(w, c);
        memcpy(AT_WORD(out + c), &word, sizeof word);
    }
}

/* All channels of an output pixel, one at a time. */
static void pixel1(const struct window *w, const struct tinyssl_pool2d *p, int8_t *out)
{
    for (int32_t c = 0; c < p->channels; c++) {
        out[c] = (int8_t)largest(w, c);
    }
}

static void clamp(const struct tinyssl_pool2d *p, int8_t *out)
{
    const int32_t low = p->out_min, high = p->out_max;
    for (int32_t pixels = p->out_h * p->out_w; pixels > 0; pixels--, out += p->out_pitch) {
        for (int32_t c = 0; c < p->channels; c++) {
            out[c] = tinyssl_clamp(out[c], low, high);
        }
    }
}

void tinyssl_max_pool2d_s8(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    const int32_t step = p->in_pitch, row = p->in_w * step;
    const uintptr_t places = (uintptr_t)in | (uintptr_t)out | (uintptr_t)p->channels |
                             (uintptr_t)step | (uintptr_t)p->out_pitch;
    const int words = places % LANES == 0;
    int8_t *at = out;
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, at += p->out_pitch) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            const struct window window = {in + rows.begin * row + columns.begin * step,
                                          rows.end - rows.begin, columns.end - columns.begin, row,
                                          step};
            if (words) {
                pixel4(&window, p, at);
            } else {
                pixel1(&window, p, at);
            }
        }
    }
    if (p->out_min > INT8_MIN || p->out_max < INT8_MAX) {
        clamp(p, out);
    }
}
