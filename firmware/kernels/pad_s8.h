#ifndef TINYSSL_PAD_S8_H
#define TINYSSL_PAD_S8_H

#include <stdint.h>

/* Rows and columns of one value around an int8 NHWC tensor, batch 1. */
struct tinyssl_pad {
    int16_t in_h, in_w, in_c;         /* elements */
    int16_t top, bottom, left, right; /* rows and columns to add */
    int16_t value;                    /* the zero point, [-128, 127] */
};

/* in: [in_h][in_w][in_c]; out: [top + in_h + bottom][left + in_w + right][in_c]; they must not
 * overlap. */
void tinyssl_pad_s8(const int8_t *in, const struct tinyssl_pad *p, int8_t *out);

#endif
