#ifndef TINYSSL_LOGICAL_NOT_H
#define TINYSSL_LOGICAL_NOT_H

#include "elements.h"

/* in, out: [size], 0 or 1 each; they may be the same. */
void tinyssl_logical_not(const uint8_t *in, const struct tinyssl_elements *p, uint8_t *out);

#endif
