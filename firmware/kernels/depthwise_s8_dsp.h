#ifndef TINYSSL_DEPTHWISE_S8_DSP_H
#define TINYSSL_DEPTHWISE_S8_DSP_H

#include <stdint.h>

/* int8 depthwise convolution of windows up to 3 columns wide, NHWC, batch 1, one output channel for
 * an input channel, at least 4 channels, no window wholly on the padding: for the smallest images. */
struct tinyssl_depthwise_dsp {
    const int8_t *weight;       /* [k_h][k_w][channels] */
    const int32_t *channel;     /* [channels][2], as struct tinyssl_channel, but the starts are the
                                 * biases: the zero point of the input is not folded in */
    uint16_t channels;          /* elements */
    uint16_t in_h, in_w;        /* elements */
    uint16_t out_h, out_w;      /* elements */
    uint8_t k_h, k_w;           /* taps; k_w at most 3 */
    uint8_t stride_h, stride_w; /* input elements a step */
    uint8_t pad_top, pad_left;  /* elements */
    int8_t in_zero, out_zero;   /* zero points */
    int8_t out_min, out_max;    /* fused activation */
};

/* in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; they must not overlap. */
void tinyssl_depthwise_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_dsp *p, int8_t *out);

#endif
