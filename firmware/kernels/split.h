#ifndef TINYSSL_SPLIT_H
#define TINYSSL_SPLIT_H

#include "runs.h"

/* in: one tensor of any element type; out: [count]. */
void tinyssl_split(const int8_t *const *in, const struct tinyssl_runs *p, int8_t *const *out);

#endif
