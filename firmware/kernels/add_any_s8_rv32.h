#ifndef TINYSSL_ADD_ANY_S8_RV32_H
#define TINYSSL_ADD_ANY_S8_RV32_H

#include "add_any_s8_dsp.h"

/* As tinyssl_add_any_s8_dsp. */
void tinyssl_add_any_s8_rv32(const int8_t *const *in, const struct tinyssl_add_any_dsp *p,
                             int8_t *const *out);

#endif
