#include "add_s8.h"

#include "fixed_point.h"

#define HEADROOM (INT32_C(1) << 20) /* |q - zero point| is below 2^8, the sum below 2^29 */

void tinyssl_add_s8(const int8_t *left, const int8_t *right, const struct tinyssl_add *p,
                    int8_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        const int32_t a = (left[i] - p->left_zero) * HEADROOM;
        const int32_t b = (right[i] - p->right_zero) * HEADROOM;
        int32_t sum = tinyssl_requantise(a, p->left_multiplier, p->left_shift) +
                      tinyssl_requantise(b, p->right_multiplier, p->right_shift);
        sum = tinyssl_requantise(sum, p->out_multiplier, p->out_shift) + p->out_zero;
        out[i] = tinyssl_clamp(sum, p->out_min, p->out_max);
    }
}
