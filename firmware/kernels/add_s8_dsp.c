#include "add_s8_dsp.h"

#include "fixed_point.h"
#include "lanes_dsp.h"

enum { BLOCK = 8, FAST_SHIFT = 20 };

/* Sums of two inputs, each 256 times its value in the low (or the high) half. */
TINYSSL_INLINE int32_t sum_low(uint32_t x, uint32_t y, const struct tinyssl_add_dsp *p)
{
    const int32_t sum = tinyssl_smlawb(p->left_factor, x, p->start);
    return tinyssl_smlawb(p->right_factor, y, sum);
}

TINYSSL_INLINE int32_t sum_high(uint32_t x, uint32_t y, const struct tinyssl_add_dsp *p)
{
    const int32_t sum = tinyssl_smlawt(p->left_factor, x, p->start);
    return tinyssl_smlawt(p->right_factor, y, sum);
}

/* Four elements where one instruction ends the sum. */
TINYSSL_INLINE void add4(uint32_t x, uint32_t y, const struct tinyssl_add_dsp *p, int8_t **out)
{
    const uint32_t x02 = tinyssl_and_lsl8(TINYSSL_HIGH_BYTES, x);
    const uint32_t y02 = tinyssl_and_lsl8(TINYSSL_HIGH_BYTES, y);
    const uint32_t x13 = TINYSSL_HIGH_BYTES & x;
    const uint32_t y13 = TINYSSL_HIGH_BYTES & y;
    tinyssl_append_byte(out, tinyssl_ssat8_asr20(sum_low(x02, y02, p)));
    tinyssl_append_byte(out, tinyssl_ssat8_asr20(sum_low(x13, y13, p)));
    tinyssl_append_byte(out, tinyssl_ssat8_asr20(sum_high(x02, y02, p)));
    tinyssl_append_byte(out, tinyssl_ssat8_asr20(sum_high(x13, y13, p)));
}

void tinyssl_add_s8_dsp(const int8_t *left, const int8_t *right, const struct tinyssl_add_dsp *p,
                        int8_t *out)
{
    const struct tinyssl_add_dsp q = *p; /* no output can change it: it stays in registers */
    int32_t count = q.size;
    if (q.shift == FAST_SHIFT && q.out_min == INT8_MIN && q.out_max == INT8_MAX) {
        for (; count >= BLOCK; count -= BLOCK, left += BLOCK, right += BLOCK) {
            add4(tinyssl_load(left), tinyssl_load(right), &q, &out);
            add4(tinyssl_load(left + 4), tinyssl_load(right + 4), &q, &out);
        }
    }
    for (; count > 0; count--) {
        const uint32_t x = (uint32_t)(uint8_t)*left++ << 8;
        const uint32_t y = (uint32_t)(uint8_t)*right++ << 8;
        *out++ = tinyssl_clamp(sum_low(x, y, &q) >> q.shift, q.out_min, q.out_max);
    }
}
