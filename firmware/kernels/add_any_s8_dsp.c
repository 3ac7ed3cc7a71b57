#include "add_any_s8_dsp.h"

#include "fixed_point.h"
#include "lanes_dsp.h"

enum { LANES = 4, FAST_SHIFT = 20 };

/* An element times its factor, as the sum takes it. */
TINYSSL_INLINE int32_t add_one(int32_t sum, int32_t factor, int8_t x)
{
    return tinyssl_smlawb(factor, (uint32_t)(uint8_t)x << 8, sum);
}

/* Four times one element: the sum of that is in the start. */
static void offset_run(const struct tinyssl_add_dsp *p, int32_t start, int32_t factor,
                       const int8_t *in, int32_t count, int8_t *out)
{
    const int32_t shift = p->shift, low = p->out_min, high = p->out_max;
    if (shift == FAST_SHIFT) {
        for (; count >= LANES; count -= LANES, in += LANES) {
            const uint32_t x = tinyssl_load(in);
            const uint32_t x02 = tinyssl_and_lsl8(TINYSSL_HIGH_BYTES, x);
            const uint32_t x13 = TINYSSL_HIGH_BYTES & x;
            tinyssl_append_byte(&out, tinyssl_ssat8_asr20(tinyssl_smlawb(factor, x02, start)));
            tinyssl_append_byte(&out, tinyssl_ssat8_asr20(tinyssl_smlawb(factor, x13, start)));
            tinyssl_append_byte(&out, tinyssl_ssat8_asr20(tinyssl_smlawt(factor, x02, start)));
            tinyssl_append_byte(&out, tinyssl_ssat8_asr20(tinyssl_smlawt(factor, x13, start)));
        }
    }
    for (; count > 0; count--) {
        *out++ = tinyssl_clamp(add_one(start, factor, *in++) >> shift, low, high);
    }
}

void tinyssl_add_any_s8_dsp(const int8_t *const *in, const struct tinyssl_add_any_dsp *p,
                            int8_t *const *out)
{
    const struct tinyssl_broadcast *const loops = &p->sides.loops;
    const int8_t *const left = (const int8_t *)(p->sides.left ? p->sides.left : *in++);
    const int8_t *const right = (const int8_t *)(p->sides.right ? p->sides.right : *in);
    const struct tinyssl_add_dsp *const sum = &p->sum;
    struct tinyssl_add_dsp run = p->sum;
    run.size = loops->count[3];
    run.out_min = INT8_MIN; /* the clamp is a pass of its own */
    run.out_max = INT8_MAX;
    int8_t *at = out[0];
    for (int32_t a = 0; a < loops->count[0]; a++) {
        for (int32_t b = 0; b < loops->count[1]; b++) {
            for (int32_t c = 0; c < loops->count[2]; c++, at += run.size) {
                const int8_t *x = left + tinyssl_broadcast_start(loops->left, a, b, c);
                const int8_t *y = right + tinyssl_broadcast_start(loops->right, a, b, c);
                if (loops->right[3] == 0) {
                    const int32_t start = add_one(sum->start, sum->right_factor, *y);
                    offset_run(&run, start, sum->left_factor, x, run.size, at);
                } else if (loops->left[3] == 0) {
                    const int32_t start = add_one(sum->start, sum->left_factor, *x);
                    offset_run(&run, start, sum->right_factor, y, run.size, at);
                } else {
                    tinyssl_add_s8_dsp(x, y, &run, at);
                }
            }
        }
    }
    tinyssl_narrow(out[0], (int32_t)(at - out[0]), sum->out_min, sum->out_max);
}
