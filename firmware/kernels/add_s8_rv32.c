#include "add_s8_rv32.h"

#include "fixed_point.h"

/* x * factor / 2^8, downwards: the top word of a product of 32-bit numbers. */
static inline int32_t scaled(int32_t x, int32_t factor)
{
    return (int32_t)((int64_t)(x * (INT32_C(1) << 24)) * factor >> 32);
}

void tinyssl_add_s8_rv32(const int8_t *left, const int8_t *right, const struct tinyssl_add_dsp *p,
                         int8_t *out)
{
    const struct tinyssl_add_dsp q = *p; /* stores to `out` cannot change it */
    for (int32_t i = 0; i < q.size; i++) {
        const int32_t sum =
            q.start + scaled(left[i], q.left_factor) + scaled(right[i], q.right_factor);
        out[i] = tinyssl_clamp(sum >> q.shift, q.out_min, q.out_max);
    }
}
