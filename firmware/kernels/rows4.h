/* Products of a vector with four rows of weights. */
#ifndef TINYSSL_ROWS4_H
#define TINYSSL_ROWS4_H

#include <stdint.h>

#define TINYSSL_ROWS 4

/* Adds the products of four rows with `count` elements of x, less `zero`, to sums, modulo 2^32. */
typedef void tinyssl_add_rows4(const int8_t *const rows[TINYSSL_ROWS], const int8_t *x,
                               int32_t count, int32_t zero, int32_t sums[TINYSSL_ROWS]);

#endif
