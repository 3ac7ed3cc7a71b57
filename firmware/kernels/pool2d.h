#ifndef TINYSSL_POOL2D_H
#define TINYSSL_POOL2D_H

#include <stdint.h>

/* A window that slides over each channel of an int8 NHWC tensor, batch 1. Input and output have
 * the same quantisation. Places on the padding are left out; no window lies wholly on it. */
struct tinyssl_pool2d {
    int16_t in_h, in_w, channels; /* elements */
    int16_t out_h, out_w;         /* elements */
    int16_t k_h, k_w;             /* taps */
    int16_t stride_h, stride_w;   /* input elements a step */
    int16_t pad_top, pad_left;    /* elements; bottom and right follow from the sizes */
    int16_t in_pitch, out_pitch;  /* elements from a pixel to the next, `channels` or more */
    int16_t out_min, out_max;     /* fused activation, [-128, 127] */
};

/* First and one past the last row (or column) of a window, without the padding. */
struct tinyssl_span {
    int32_t begin, end;
};

static inline struct tinyssl_span tinyssl_span(int32_t start, int32_t taps, int32_t size)
{
    const int32_t end = start + taps;
    return (struct tinyssl_span){start < 0 ? 0 : start, end > size ? size : end};
}

#endif
