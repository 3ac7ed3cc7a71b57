/* Windows of an int8 NHWC image of batch 1, padding and all: what the convolutions that gather their
 * inputs have in common. */
#ifndef TINYSSL_WINDOW_S8_H
#define TINYSSL_WINDOW_S8_H

#include <stdint.h>

struct tinyssl_window {
    int16_t in_h, in_w, in_c;   /* elements */
    int16_t out_h, out_w;       /* elements */
    int16_t k_h, k_w;           /* taps */
    int16_t stride_h, stride_w; /* input elements a step */
    int16_t pad_top, pad_left;  /* elements; bottom and right follow from the sizes */
    int16_t in_zero;            /* zero point, [-128, 127] */
};

typedef void tinyssl_copy_bytes(int8_t *to, const int8_t *from, int32_t count);
typedef void tinyssl_fill_bytes(int8_t *to, int8_t value, int32_t count);

/* The window of output (y, x) to `to`, as [k_h][k_w][in_c]; the zero point on padding. */
static inline void tinyssl_gather_window(const int8_t *in, const struct tinyssl_window *p,
                                         int32_t y, int32_t x, int8_t *to, tinyssl_copy_bytes *copy,
                                         tinyssl_fill_bytes *fill)
{
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    const int32_t begin = left < 0 ? -left : 0;
    const int32_t room = p->in_w - left;
    const int32_t end = room > p->k_w ? p->k_w : room;
    const int32_t width = p->k_w * p->in_c;
    const int32_t pitch = p->in_w * p->in_c;
    const int8_t *from = in + (top < 0 ? 0 : top) * pitch + (left + begin) * p->in_c;
    for (int32_t row = top; row < top + p->k_h; row++, to += width) {
        const int inside = row >= 0 && row < p->in_h;
        if (inside && end - begin == p->k_w) {
            copy(to, from, width);
        } else {
            fill(to, (int8_t)p->in_zero, width);
            if (inside && begin < end) {
                copy(to + begin * p->in_c, from, (end - begin) * p->in_c);
            }
        }
        from += inside ? pitch : 0;
    }
}

#endif
