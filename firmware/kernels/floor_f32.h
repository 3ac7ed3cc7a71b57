#ifndef TINYSSL_FLOOR_F32_H
#define TINYSSL_FLOOR_F32_H

#include <stdint.h>

#include "broadcast.h"

/* in: the inputs that are no constants; out: one. It may be an input of its size. */

/* The quotient, in double, downwards. */
void tinyssl_floor_div_f32(const int8_t *const *in, const struct tinyssl_pair *p,
                           int8_t *const *out);
/* What is left, with the divisor's sign. */
void tinyssl_floor_mod_f32(const int8_t *const *in, const struct tinyssl_pair *p,
                           int8_t *const *out);

#endif
