#ifndef TINYSSL_BATCH_MATMUL_H
#define TINYSSL_BATCH_MATMUL_H

#include <stdint.h>

#include "broadcast.h"

/* Products of matrices. The first three loops of `sides` walk the matrices; either side may be stored
 * by rows or by columns. */
struct tinyssl_batch_matmul {
    struct tinyssl_sides sides;
    int32_t rows, columns, depth;      /* left: rows x depth, right: depth x columns */
    int32_t left_row, left_along;      /* elements from row to row, and along one */
    int32_t right_column, right_along; /* elements from column to column, and along one */
    int32_t multiplier, shift;         /* sum to output, Q31: 0 or [2^30, 2^31), [-31, 30] */
    int32_t left_zero, right_zero, out_zero;
    int32_t out_min, out_max;
    const void *bias;  /* [columns] int32_t of int8, float of floats; or NULL */
    float least, most; /* of the output of floats */
};

/* in: the inputs that are no constants; out: one, by rows, which must not overlap them. Sums of int8
 * are modulo 2^32, of int16 64 bits wide; floats are added along the depth. */
void tinyssl_batch_matmul_s8(const int8_t *const *in, const struct tinyssl_batch_matmul *p,
                             int8_t *const *out);
void tinyssl_batch_matmul_s16(const int8_t *const *in, const struct tinyssl_batch_matmul *p,
                              int8_t *const *out);
void tinyssl_batch_matmul_f32(const int8_t *const *in, const struct tinyssl_batch_matmul *p,
                              int8_t *const *out);

#endif
