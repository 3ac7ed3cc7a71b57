/* The error in front of an INT8 pooling; errors are those of error_s8.h. */
#ifndef TINYSSL_POOL_ERROR_S8_H
#define TINYSSL_POOL_ERROR_S8_H

#include <stdint.h>

#include "pool_error_f32.h"

struct tinyssl_pool_error_s8 {
    struct tinyssl_pool_error window;
    int32_t exponent_step; /* of the output from that of the input, before its own shift */
    int32_t spare; /* bits that a largest element shares with other windows; of averages 0 */
};

/* error: [batch][out_h][out_w][channels]; out: [batch][in_h][in_w][channels], apart from the others;
 * exponents: [1]. An average's scale of the output is the one of the error over 16 windows. */
void tinyssl_average_pool_error_s8(const int8_t *error, const int32_t *exponent,
                                   const struct tinyssl_pool_error_s8 *p, int8_t *out,
                                   int32_t *out_exponent);
/* in: what the pooling read, [batch][in_h][in_w][channels]. */
void tinyssl_max_pool_error_s8(const int8_t *error, const int32_t *exponent, const int8_t *in,
                               const struct tinyssl_pool_error_s8 *p, int8_t *out,
                               int32_t *out_exponent);

#endif
