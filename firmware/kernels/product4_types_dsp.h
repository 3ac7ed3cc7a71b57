/* Columns, forms and parameters of the product of product4_s8_dsp.h: what its functions and its assembler
 * (product4_body_dsp.h) agree on. */
#ifndef TINYSSL_PRODUCT4_TYPES_DSP_H
#define TINYSSL_PRODUCT4_TYPES_DSP_H

#include <stddef.h>
#include <stdint.h>

/* A column holds n pixels (n: 1, 2 or 4) as int16, raised by 128 and doubled: 2 * (x + 128).
 * Inputs come in groups of four, the pairs that SMLAD takes at once side by side: input k of pixel i
 * lies at byte 8 * n * (k / 4) + 4 * n * (k & 1) + 4 * i + (k & 2) of the column.
 * The depth is padded to a multiple of 8, or of 4; the weights there are 0, so what lies there is not
 * set. */
#define TINYSSL_COLUMN(depth, pixels) (((depth) + 7) / 8 * 16 * (pixels))

struct tinyssl_product4_dsp;

/* Where pixel i of a row lies in a plane of depthwise_lines_dsp.h, `first` being the place of pixel 0:
 * columns come in pairs of 4 bytes, 12 bytes apart, and a padded row may begin inside a pair. */
static inline uint8_t *tinyssl_plane_pixel(uint8_t *first, int32_t i)
{
    const int32_t column = i + (int32_t)(((uintptr_t)first & 2U) >> 1);
    return (uint8_t *)((uintptr_t)first & ~(uintptr_t)2) + (column >> 1) * 12 + (column & 1) * 2;
}

/* All channels of one, two and four pixels; the generator names the form that a layer needs, so that
 * only those are linked. out, step: output of channel c and pixel i at
 *   bytes:  out + i * step + c, int8;
 *   planes: tinyssl_plane_pixel(out + c * step, i), int16. */
struct tinyssl_product_form {
    void (*one)(const struct tinyssl_product4_dsp *p, const uint8_t *column, void *out,
                int32_t step);
    void (*two)(const struct tinyssl_product4_dsp *p, const uint8_t *column, void *out,
                int32_t step);
    void (*four)(const struct tinyssl_product4_dsp *p, const uint8_t *column, void *out,
                 int32_t step);
};

/* relu: the fused activation begins at the zero point; signed: below it.
 * plain: the column's values are raised by 128, but not doubled.
 * fours, fours_two, fours_one: without those of one and two pixels, of one, of two, for rows that need
 * no more. */
#define TINYSSL_FORMS(NAME)                                                                        \
    extern const struct tinyssl_product_form NAME, NAME##_fours, NAME##_fours_two, NAME##_fours_one
TINYSSL_FORMS(tinyssl_bytes_relu);
TINYSSL_FORMS(tinyssl_bytes_signed);
TINYSSL_FORMS(tinyssl_planes_relu);
TINYSSL_FORMS(tinyssl_planes_signed);
TINYSSL_FORMS(tinyssl_plain_relu);
TINYSSL_FORMS(tinyssl_plain_signed);

/* Keep in step with the assembler in product4_body_dsp.h. */
struct tinyssl_product4_dsp {
    const int8_t *weight;   /* [out_c][steps * 8 - half * 4], zeros beyond the depth, aligned to 4;
                              * steps: tinyssl_product_steps() */
    const int32_t *channel; /* [out_c][2]: struct tinyssl_channel (dsp.h), for raised inputs */
    const struct tinyssl_product_form *form;
    uint16_t out_c;   /* channels */
    int16_t rounding; /* 2 * zero point of the output + 1 */
    uint16_t loops;   /* rounds of four steps for all but the first step, at least 1 */
    uint16_t depth;   /* inputs of a channel, not padded */
    uint8_t skip;     /* steps that the first round leaves out, [0, 4] */
    uint8_t half;     /* 1: the second step has four inputs alone; then there are two or more */
    int8_t out_min, out_max; /* fused activation; int8's range where no output passes it */
    uint16_t out_pitch;      /* bytes from an output pixel to the next, out_c or more */
};

/* Eights of the padded depth, at least 1. */
static inline int32_t tinyssl_product_steps(const struct tinyssl_product4_dsp *p)
{
    return 4 * p->loops - p->skip + 1;
}

#endif
