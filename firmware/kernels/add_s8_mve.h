#ifndef TINYSSL_ADD_S8_MVE_H
#define TINYSSL_ADD_S8_MVE_H

#include "add_s8.h"

/* As tinyssl_add_s8. */
void tinyssl_add_s8_mve(const int8_t *left, const int8_t *right, const struct tinyssl_add *p,
                        int8_t *out);

#endif
