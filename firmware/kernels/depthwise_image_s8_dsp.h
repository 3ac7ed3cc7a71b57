#ifndef TINYSSL_DEPTHWISE_IMAGE_S8_DSP_H
#define TINYSSL_DEPTHWISE_IMAGE_S8_DSP_H

#include <stdint.h>

/* What the sums of four channels need. Its order is that of the instructions that load it. */
struct tinyssl_planes {
    int32_t word;           /* of the channel's table */
    const uint8_t *end;     /* of the row's pairs of outputs */
    int32_t multiplier;     /* Q31 */
    int32_t rounding;       /* tinyssl_depthwise_rounding() */
    int32_t start[2];       /* tinyssl_start(), twice */
    int32_t step;           /* bytes from an output to the next */
    int32_t skip;           /* bytes from the end of a row's pairs to the next row */
    int32_t pairs;          /* bytes of a row's pairs */
    int32_t odd;            /* 1: one output follows the last pair */
    int32_t rows;           /* bytes of the rows that windows start at */
    const int8_t *weight;   /* of the next channel */
    const int32_t *channel; /* table of the next channel */
    int32_t out_zero;       /* zero point of the output */
    const uint8_t *plane;   /* of the next channel */
    int8_t *out;            /* of the next channel */
    int32_t plane_bytes;
    int32_t left;        /* channels */
    const uint8_t *last; /* end of the rows of this channel */
};

/* int8 depthwise convolution with 3x3 taps, stride 1 or 2 both ways, NHWC, batch 1, one output
 * channel for an input channel, at least 4 channels, lines of at least 2 outputs: for images that
 * are small enough to widen four channels of them as a whole. */
struct tinyssl_depthwise_image_dsp {
    const int8_t *weight;                       /* [channels][3][3], and one byte */
    const int32_t *channel;                     /* [channels][2], of whole shifts */
    void (*four)(struct tinyssl_planes *state); /* tinyssl_image_* */
    uint16_t channels, in_w;                    /* elements */
    uint8_t out_h, out_w;                       /* elements */
    uint8_t stride;                             /* 1 or 2 input elements a step */
    uint8_t pad_top, pad_left;                  /* elements */
    uint8_t pitch;                              /* bytes of a row of a plane, padding included */
    uint8_t rows;                               /* of a plane, padding included */
    uint8_t copied_h, copied_w;                 /* input rows and columns that any window reads */
    int8_t in_zero, out_zero;                   /* zero points */
    int8_t out_min, out_max;                    /* fused activation */
};

/* in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; scratch: four planes, [rows][pitch],
 * aligned to 4 bytes. Where `channels` is a multiple of 4, `out` may be `in`. */
void tinyssl_depthwise_image_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_image_dsp *p,
                                    int8_t *out, int8_t *scratch);

/* Outputs of four channels. Name: pitch, stride, form of the requantisation as in
 * depthwise_lines_dsp.h. */
void tinyssl_image_16_1_relu(struct tinyssl_planes *state);
void tinyssl_image_16_2_relu(struct tinyssl_planes *state);
void tinyssl_image_32_1_relu(struct tinyssl_planes *state);
void tinyssl_image_32_2_relu(struct tinyssl_planes *state);
void tinyssl_image_16_1_signed(struct tinyssl_planes *state);
void tinyssl_image_16_2_signed(struct tinyssl_planes *state);
void tinyssl_image_32_1_signed(struct tinyssl_planes *state);
void tinyssl_image_32_2_signed(struct tinyssl_planes *state);

#endif
