#ifndef TINYSSL_MEAN_S8_MVE_H
#define TINYSSL_MEAN_S8_MVE_H

#include "mean_s8.h"

/* As tinyssl_mean_s8. */
void tinyssl_mean_s8_mve(const int8_t *in, const struct tinyssl_mean *p, int8_t *out);

#endif
