#ifndef TINYSSL_ADD_S8_RV32_H
#define TINYSSL_ADD_S8_RV32_H

#include "add_s8_dsp.h"

/* As tinyssl_add_s8_dsp. */
void tinyssl_add_s8_rv32(const int8_t *left, const int8_t *right, const struct tinyssl_add_dsp *p,
                         int8_t *out);

#endif
