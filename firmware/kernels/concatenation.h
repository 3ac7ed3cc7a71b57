#ifndef TINYSSL_CONCATENATION_H
#define TINYSSL_CONCATENATION_H

#include "runs.h"

/* in: [count] tensors of any element type; out: one. */
void tinyssl_concatenation(const int8_t *const *in, const struct tinyssl_runs *p,
                           int8_t *const *out);

#endif
