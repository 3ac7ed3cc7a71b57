#ifndef TINYSSL_SVDF_RV32_H
#define TINYSSL_SVDF_RV32_H

#include "svdf.h"

/* As svdf_s8 and svdf_s8_s16. */
void tinyssl_svdf_s8_rv32(const int8_t *in, int8_t *state, const struct tinyssl_svdf *p,
                          int8_t *out);
void tinyssl_svdf_s8_s16_rv32(const int8_t *in, int16_t *state, const struct tinyssl_svdf *p,
                              int8_t *out);

#endif
