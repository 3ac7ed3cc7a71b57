/* Depthwise convolutions of any window, as the kernels depthwise_any_s8_* take them. */
#ifndef TINYSSL_DEPTHWISE_ANY_H
#define TINYSSL_DEPTHWISE_ANY_H

#include <stdint.h>

/* int8 depthwise convolution, NHWC, batch 1, one output channel for an input channel. Channels go by
 * groups of so many lanes as the kernel has. The longer side of the window is walked by the inner
 * loop: columns, or rows where there are more of these. */
struct tinyssl_depthwise_any {
    const int8_t *weight;        /* [groups][outer taps][inner taps][lanes] */
    const int32_t *channel;      /* a table of whole shifts; starts are the biases: the zero point
                                       * of the input is not folded in */
    uint16_t channels;           /* elements */
    uint16_t in_h, in_w;         /* elements */
    uint16_t out_h, out_w;       /* elements */
    uint16_t k_h, k_w;           /* taps */
    uint16_t stride_h, stride_w; /* input elements a step */
    uint16_t dilation_h, dilation_w; /* input elements from tap to tap */
    uint16_t pad_top, pad_left;      /* elements */
    int16_t in_zero, out_zero;       /* zero points, [-128, 127] */
    int16_t out_min, out_max;        /* fused activation, [-128, 127] */
};

/* The taps of a window that lie on the image, of one group of channels. */
struct tinyssl_inner_taps {
    const int8_t *in, *weight;                /* the first of them */
    int32_t outer, inner;                     /* rounds; 0 or less: there are none */
    int32_t in_outer, in_inner, weight_outer; /* bytes from round to round */
};

/* First and one past the last tap on the image of so many, the first of which lies at `start`. */
static inline void tinyssl_inner_span(int32_t start, int32_t taps, int32_t dilation, int32_t size,
                                      int32_t *begin, int32_t *end)
{
    const int32_t past = size <= start ? 0 : (size - start + dilation - 1) / dilation;
    *begin = start < 0 ? (dilation - 1 - start) / dilation : 0;
    *end = past < taps ? past : taps;
}

/* Of the window of output y, x. */
static inline struct tinyssl_inner_taps tinyssl_inner_taps_of(const struct tinyssl_depthwise_any *p,
                                                              const int8_t *in, int32_t lanes,
                                                              int32_t y, int32_t x)
{
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    int32_t row, row_end, column, column_end;
    tinyssl_inner_span(top, p->k_h, p->dilation_h, p->in_h, &row, &row_end);
    tinyssl_inner_span(left, p->k_w, p->dilation_w, p->in_w, &column, &column_end);
    const int32_t in_row = p->dilation_h * p->in_w * p->channels;
    const int32_t in_column = p->dilation_w * p->channels;
    const int32_t place = (top + row * p->dilation_h) * p->in_w + left + column * p->dilation_w;
    const int8_t *const first = in + place * p->channels;
    if (p->k_h > p->k_w) {
        return (struct tinyssl_inner_taps){first,
                                           p->weight + (column * p->k_h + row) * lanes,
                                           column_end - column,
                                           row_end - row,
                                           in_column,
                                           in_row,
                                           p->k_h * lanes};
    }
    return (struct tinyssl_inner_taps){first,         p->weight + (row * p->k_w + column) * lanes,
                                       row_end - row, column_end - column,
                                       in_row,        in_column,
                                       p->k_w * lanes};
}

#endif
