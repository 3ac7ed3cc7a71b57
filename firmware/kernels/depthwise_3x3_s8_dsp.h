#ifndef TINYSSL_DEPTHWISE_3X3_S8_DSP_H
#define TINYSSL_DEPTHWISE_3X3_S8_DSP_H

#include <stdint.h>

#include "depthwise_lines_dsp.h"

/* int8 depthwise convolution with 3x3 taps, stride 1 or 2 both ways, NHWC, batch 1, one output
 * channel for an input channel, at least 4 channels. */
struct tinyssl_depthwise_3x3_dsp {
    const int8_t *weight;   /* [channels][3][3], and one byte */
    const int32_t *channel; /* [channels][2], of whole shifts */
    void (*line)(const uint8_t *plane, const struct tinyssl_line *line, const uint32_t *taps,
                 int8_t *out); /* tinyssl_line_* of the stride and the clamp */
    uint16_t channels;         /* elements */
    uint16_t in_h, in_w;       /* elements */
    uint16_t out_h, out_w;     /* elements */
    uint16_t columns;          /* of a plane, padding included; even */
    uint16_t copied;           /* input columns that any window reads: the others are left out */
    uint8_t stride;            /* 1 or 2 input elements a step */
    uint8_t pad_top, pad_left; /* elements */
    int8_t in_zero, out_zero;  /* zero points */
    int8_t out_min, out_max;   /* fused activation */
};

/* in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; scratch: four planes, aligned to 4
 * bytes. Channels come in fours, each four a whole image: where `channels` is a multiple of 4 and no
 * row of outputs ends behind the rows that it reads, `out` may be `in`. */
void tinyssl_depthwise_3x3_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p,
                                  int8_t *out, int8_t *scratch);

#endif
