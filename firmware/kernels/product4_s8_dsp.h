/* Product of a weight matrix and the columns of one, two or four pixels: what pointwise and general
 * convolutions and fused blocks have in common. */
#ifndef TINYSSL_PRODUCT4_S8_DSP_H
#define TINYSSL_PRODUCT4_S8_DSP_H

#include <stdint.h>

#include "product4_types_dsp.h"

/* Pixels of `depth` bytes, `pitch` bytes apart, to a column; pixels: 1, 2 or 4. Nothing is read past
 * a pixel. column: TINYSSL_COLUMN(depth, pixels) bytes, aligned to 4. */
void tinyssl_to_column(const int8_t *in, int32_t pitch, int32_t depth, int32_t pixels,
                       uint8_t *column);

/* The same with the taps of `rows` rows, `row_bytes` apart; `bytes` lie side by side in each. In the
 * column come first the whole words of each row, then what is left of all rows. */
struct tinyssl_taps {
    int32_t rows, bytes, row_bytes;
};
void tinyssl_taps_to_column(const int8_t *in, int32_t pitch, const struct tinyssl_taps *taps,
                            int32_t pixels, uint8_t *column);

/* A column that is full; outputs are not yet clamped to the activation. */
void tinyssl_product_column(const struct tinyssl_product4_dsp *p, const uint8_t *column,
                            int32_t pixels, void *out, int32_t step);

/* A row of pixels, `pitch` bytes apart, by fours, then two, then one, to pixels out_pitch bytes apart.
 * column: TINYSSL_COLUMN(depth, 4) bytes, aligned to 4. */
void tinyssl_product_row(const struct tinyssl_product4_dsp *p, const int8_t *in, int32_t pitch,
                         int32_t pixels, uint8_t *column, int8_t *out);

/* The same to planes: pixel i of channel c at tinyssl_plane_pixel(plane + c * step, i). */
void tinyssl_product_row_to_planes(const struct tinyssl_product4_dsp *p, const int8_t *in,
                                   int32_t pitch, int32_t pixels, uint8_t *column, uint8_t *plane,
                                   int32_t step);

/* A row of columns that are full, by fours, then two, then one, to pixels out_pitch bytes apart. */
void tinyssl_product_columns(const struct tinyssl_product4_dsp *p, const uint8_t *columns,
                             int32_t pixels, int8_t *out);

/* Clamps output pixels to the fused activation where that is narrower than int8. */
void tinyssl_clamp_outputs(const struct tinyssl_product4_dsp *p, int8_t *out, int32_t pixels);

#endif
