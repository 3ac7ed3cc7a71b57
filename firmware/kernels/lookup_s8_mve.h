#ifndef TINYSSL_LOOKUP_S8_MVE_H
#define TINYSSL_LOOKUP_S8_MVE_H

#include "lookup_s8.h"

/* As lookup_s8.h. */
void tinyssl_lookup_s8_mve(const int8_t *in, const struct tinyssl_lookup *p, int8_t *out);

#endif
