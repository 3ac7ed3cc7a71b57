/* Products of int16 with int8 weights, beside mve.h, and the same in plain C. Sums are modulo 2^32. */
#ifndef TINYSSL_LANES_S16_MVE_H
#define TINYSSL_LANES_S16_MVE_H

#include "mve.h"

#if TINYSSL_MVE

/* 32 MACs in 9 instructions. */
TINYSSL_INLINE struct tinyssl_sums tinyssl_dot_2x2_s16(const int16_t *x, const int16_t *y,
                                                       const int8_t *v, const int8_t *w,
                                                       int32_t depth)
{
    struct tinyssl_sums sum = {0, 0, 0, 0};
    __asm__ volatile("wlstp.16 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrh.u16 q0, [%[x]], #16\n\t"
                     "vldrb.s16 q1, [%[v]], #8\n\t"
                     "vmladava.s16 %[a], q0, q1\n\t"
                     "vldrb.s16 q2, [%[w]], #8\n\t"
                     "vmladava.s16 %[b], q0, q2\n\t"
                     "vldrh.u16 q3, [%[y]], #16\n\t"
                     "vmladava.s16 %[c], q3, q1\n\t"
                     "vmladava.s16 %[d], q3, q2\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [a] "+Te"(sum.xv), [b] "+Te"(sum.xw), [c] "+Te"(sum.yv), [d] "+Te"(sum.yw),
                       [x] "+r"(x), [y] "+r"(y), [v] "+r"(v), [w] "+r"(w)
                     : [n] "r"(depth)
                     : "lr", "q0", "q1", "q2", "q3", "memory");
    return sum;
}

/* Products of two pixels with four rows of weights. */
TINYSSL_INLINE void tinyssl_dot_2x4_s16(const int16_t *x, const int16_t *y,
                                        const int8_t *const w[4], int32_t depth,
                                        tinyssl_quad *first, tinyssl_quad *second)
{
    const struct tinyssl_sums even = tinyssl_dot_2x2_s16(x, y, w[0], w[2], depth);
    *first = tinyssl_even_lanes(even.xv, even.xw);
    *second = tinyssl_even_lanes(even.yv, even.yw);
    const struct tinyssl_sums odd = tinyssl_dot_2x2_s16(x, y, w[1], w[3], depth);
    *first = tinyssl_odd_lanes(*first, odd.xv, odd.xw);
    *second = tinyssl_odd_lanes(*second, odd.yv, odd.yw);
}

/* Products of one pixel with four rows of weights: 32 MACs in 10 instructions. */
TINYSSL_INLINE tinyssl_quad tinyssl_dot_1x4_s16(const int16_t *x, const int8_t *const w[4],
                                                int32_t depth)
{
    const int8_t *p = w[0], *q = w[1], *r = w[2], *s = w[3];
    int32_t a = 0, b = 0, c = 0, d = 0;
    __asm__ volatile("wlstp.16 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrh.u16 q0, [%[x]], #16\n\t"
                     "vldrb.s16 q1, [%[p]], #8\n\t"
                     "vmladava.s16 %[a], q0, q1\n\t"
                     "vldrb.s16 q2, [%[q]], #8\n\t"
                     "vmladava.s16 %[b], q0, q2\n\t"
                     "vldrb.s16 q1, [%[r]], #8\n\t"
                     "vmladava.s16 %[c], q0, q1\n\t"
                     "vldrb.s16 q2, [%[s]], #8\n\t"
                     "vmladava.s16 %[d], q0, q2\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [x] "+r"(x),
                       [p] "+r"(p), [q] "+r"(q), [r] "+r"(r), [s] "+r"(s)
                     : [n] "r"(depth)
                     : "lr", "q0", "q1", "q2", "memory");
    return tinyssl_lanes(a, b, c, d);
}

/* a + b, modulo 2^32. */
TINYSSL_INLINE tinyssl_quad tinyssl_add_wrapping(tinyssl_quad a, tinyssl_quad b)
{
    return vaddq_s32(a, b);
}

/* a * b / 2^32, downwards. */
TINYSSL_INLINE tinyssl_quad tinyssl_high_quad(tinyssl_quad a, tinyssl_quad b)
{
    return vmulhq_s32(a, b);
}

TINYSSL_INLINE tinyssl_quad tinyssl_clamp_quad(tinyssl_quad x, tinyssl_quad low, tinyssl_quad high)
{
    return vminq_s32(vmaxq_s32(x, low), high);
}

/* Moves bytes 1 to `count` to the place before; returns their products with `weight`. */
TINYSSL_INLINE int32_t tinyssl_move_and_dot(int8_t *bytes, const int8_t *weight, int32_t count)
{
    const int8_t *from = bytes + 1;
    int32_t sum = 0;
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "vldrb.8 q1, [%[w]], #16\n\t"
                     "vmladava.s8 %[sum], q0, q1\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [sum] "+Te"(sum), [to] "+r"(bytes), [from] "+r"(from), [w] "+r"(weight)
                     : [n] "r"(count)
                     : "lr", "q0", "q1", "memory");
    return sum;
}

/* The first `count` lanes, clamped, to int16. */
TINYSSL_INLINE void tinyssl_store_quad_s16(int16_t *out, tinyssl_quad x, tinyssl_quad low,
                                           tinyssl_quad high, int32_t count)
{
    x = tinyssl_clamp_quad(x, low, high);
    if (count >= TINYSSL_QUAD) {
        vstrhq_s32(out, x);
    } else {
        vstrhq_p_s32(out, x, vctp32q((uint32_t)count));
    }
}

#else

TINYSSL_INLINE int32_t tinyssl_dot_s16(const int16_t *x, const int8_t *w, int32_t depth)
{
    uint32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += (uint32_t)(x[k] * w[k]);
    }
    return (int32_t)sum;
}

TINYSSL_INLINE tinyssl_quad tinyssl_dot_1x4_s16(const int16_t *x, const int8_t *const w[4],
                                                int32_t depth)
{
    return tinyssl_lanes(tinyssl_dot_s16(x, w[0], depth), tinyssl_dot_s16(x, w[1], depth),
                         tinyssl_dot_s16(x, w[2], depth), tinyssl_dot_s16(x, w[3], depth));
}

TINYSSL_INLINE void tinyssl_dot_2x4_s16(const int16_t *x, const int16_t *y,
                                        const int8_t *const w[4], int32_t depth,
                                        tinyssl_quad *first, tinyssl_quad *second)
{
    *first = tinyssl_dot_1x4_s16(x, w, depth);
    *second = tinyssl_dot_1x4_s16(y, w, depth);
}

TINYSSL_INLINE tinyssl_quad tinyssl_add_wrapping(tinyssl_quad a, tinyssl_quad b)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        a.lane[i] = (int32_t)((uint32_t)a.lane[i] + (uint32_t)b.lane[i]);
    }
    return a;
}

TINYSSL_INLINE tinyssl_quad tinyssl_high_quad(tinyssl_quad a, tinyssl_quad b)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        a.lane[i] = (int32_t)((int64_t)a.lane[i] * b.lane[i] >> 32);
    }
    return a;
}

TINYSSL_INLINE int32_t tinyssl_move_and_dot(int8_t *bytes, const int8_t *weight, int32_t count)
{
    uint32_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        bytes[i] = bytes[i + 1];
        sum += (uint32_t)(bytes[i] * weight[i]);
    }
    return (int32_t)sum;
}

TINYSSL_INLINE tinyssl_quad tinyssl_clamp_quad(tinyssl_quad x, tinyssl_quad low, tinyssl_quad high)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        const int32_t lane = x.lane[i] < low.lane[i] ? low.lane[i] : x.lane[i];
        x.lane[i] = lane > high.lane[i] ? high.lane[i] : lane;
    }
    return x;
}

TINYSSL_INLINE void tinyssl_store_quad_s16(int16_t *out, tinyssl_quad x, tinyssl_quad low,
                                           tinyssl_quad high, int32_t count)
{
    x = tinyssl_clamp_quad(x, low, high);
    for (int32_t i = 0; i < TINYSSL_QUAD && i < count; i++) {
        out[i] = (int16_t)x.lane[i];
    }
}

#endif

/* As tinyssl_requantise, lane by lane. */
TINYSSL_INLINE tinyssl_quad tinyssl_requantise_quad(tinyssl_quad x, int32_t multiplier,
                                                    int32_t shift)
{
    if (shift > 0) {
        x = tinyssl_shift_left(x, shift);
    }
    x = tinyssl_top_quad(x, tinyssl_dup(multiplier));
    return shift < 0 ? tinyssl_round_shift(tinyssl_away(x), tinyssl_dup(shift)) : x;
}

#endif
