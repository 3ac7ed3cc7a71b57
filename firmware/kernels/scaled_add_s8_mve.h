#ifndef TINYSSL_SCALED_ADD_S8_MVE_H
#define TINYSSL_SCALED_ADD_S8_MVE_H

#include "scaled_pair.h"

/* As tinyssl_scaled_add_s8. */
void tinyssl_scaled_add_s8_mve(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                               int8_t *const *out);

#endif
