/* Comparisons of numbers as they are stored, and of truth values. Outputs are 0 and 1. */
#ifndef TINYSSL_COMPARE_H
#define TINYSSL_COMPARE_H

#include <stdint.h>

#include "broadcast.h"

/* in: the inputs that are no constants; out: one. It may be an input of its size and type. */
void tinyssl_minimum_s8(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_minimum_s16(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_minimum_s32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_minimum_s64(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_minimum_f32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_maximum_s8(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_maximum_s16(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_maximum_s32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_maximum_s64(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_maximum_f32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_equal_s32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_equal_s64(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_equal_f32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_not_equal_s32(const int8_t *const *in, const struct tinyssl_pair *p,
                           int8_t *const *out);
void tinyssl_not_equal_s64(const int8_t *const *in, const struct tinyssl_pair *p,
                           int8_t *const *out);
void tinyssl_not_equal_f32(const int8_t *const *in, const struct tinyssl_pair *p,
                           int8_t *const *out);
void tinyssl_less_s32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_less_s64(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_less_f32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_less_equal_s32(const int8_t *const *in, const struct tinyssl_pair *p,
                            int8_t *const *out);
void tinyssl_less_equal_s64(const int8_t *const *in, const struct tinyssl_pair *p,
                            int8_t *const *out);
void tinyssl_less_equal_f32(const int8_t *const *in, const struct tinyssl_pair *p,
                            int8_t *const *out);
void tinyssl_greater_s32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_greater_s64(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_greater_f32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_greater_equal_s32(const int8_t *const *in, const struct tinyssl_pair *p,
                               int8_t *const *out);
void tinyssl_greater_equal_s64(const int8_t *const *in, const struct tinyssl_pair *p,
                               int8_t *const *out);
void tinyssl_greater_equal_f32(const int8_t *const *in, const struct tinyssl_pair *p,
                               int8_t *const *out);
void tinyssl_equal_bool(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);
void tinyssl_not_equal_bool(const int8_t *const *in, const struct tinyssl_pair *p,
                            int8_t *const *out);
void tinyssl_logical_and_bool(const int8_t *const *in, const struct tinyssl_pair *p,
                              int8_t *const *out);
void tinyssl_logical_or_bool(const int8_t *const *in, const struct tinyssl_pair *p,
                             int8_t *const *out);

#endif
