#ifndef TINYSSL_DEPTHWISE_3X3_S8_DSP_H
#define TINYSSL_DEPTHWISE_3X3_S8_DSP_H

#include <stdint.h>

/* int8 depthwise convolution with 3x3 taps, stride 1 or 2 both ways, NHWC, batch 1, one output
 * channel for an input channel. */
struct tinyssl_depthwise_3x3_dsp {
    const int8_t *weight;      /* [channels][3][3] */
    const int32_t *channel;    /* [channels][2]: the words of struct tinyssl_channel (dsp.h) */
    int16_t channels;          /* elements */
    int16_t in_h, in_w;        /* elements */
    int16_t out_h, out_w;      /* elements */
    int16_t stride;            /* 1 or 2 input elements a step */
    int16_t pad_top, pad_left; /* elements */
    int16_t row;               /* elements of a widened row, padding included; even */
    int16_t copied;            /* input columns that any window reads: the others are left out */
    int16_t in_zero, out_zero; /* zero points, [-128, 127] */
    int16_t out_min, out_max;  /* fused activation, [-128, 127] */
    int16_t sign;              /* 0: the activation begins at the zero point; 1: below it */
};

/* in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; scratch: three rows of int16, aligned
 * to 4 bytes. None may overlap another. */
void tinyssl_depthwise_3x3_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p,
                                  int8_t *out, int8_t *scratch);

#endif
