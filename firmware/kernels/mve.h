/* What the *_mve kernels ask of the M-profile Vector Extension, and the same in plain C: equal to the
 * bit, so that a kernel can be tested on any computer. A quad is four int32 lanes, a block sixteen
 * int8. Loads and stores take any address and touch no byte beyond `count`. */
#ifndef TINYSSL_MVE_H
#define TINYSSL_MVE_H

#include <stdint.h>

#if defined(__ARM_FEATURE_MVE)
#define TINYSSL_MVE 1
#include <arm_mve.h>
#else
#define TINYSSL_MVE 0
#include "fixed_point.h"
#endif

#if defined(__GNUC__)
#define TINYSSL_INLINE static inline __attribute__((always_inline)) /* vectors stay in registers */
#define TINYSSL_APART static __attribute__((noinline)) /* its stack is not the caller's */
#else
#define TINYSSL_INLINE static inline
#define TINYSSL_APART static
#endif

enum { TINYSSL_QUAD = 4, TINYSSL_BLOCK = 16 };

#if TINYSSL_MVE

typedef int32x4_t tinyssl_quad;
typedef int8x16_t tinyssl_block;

/* Lanes 0 and 2; the others are not set. */
TINYSSL_INLINE tinyssl_quad tinyssl_even_lanes(int32_t a, int32_t c)
{
    tinyssl_quad x;
    __asm__ volatile("vmov %q0[2], %q0[0], %1, %2" : "=w"(x) : "r"(a), "r"(c));
    return x;
}

/* Lanes 1 and 3 of x replaced. */
TINYSSL_INLINE tinyssl_quad tinyssl_odd_lanes(tinyssl_quad x, int32_t b, int32_t d)
{
    __asm__ volatile("vmov %q0[3], %q0[1], %1, %2" : "+w"(x) : "r"(b), "r"(d));
    return x;
}

TINYSSL_INLINE tinyssl_quad tinyssl_lanes(int32_t a, int32_t b, int32_t c, int32_t d)
{
    return tinyssl_odd_lanes(tinyssl_even_lanes(a, c), b, d);
}

/* Sums of pixels x and y with rows v and w of weights. */
struct tinyssl_sums {
    int32_t xv, xw, yv, yw;
};

/* 64 MACs in 9 instructions. */
TINYSSL_INLINE struct tinyssl_sums tinyssl_dot_2x2(const int8_t *x, const int8_t *y,
                                                   const int8_t *v, const int8_t *w, int32_t depth)
{
    struct tinyssl_sums sum = {0, 0, 0, 0};
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[x]], #16\n\t"
                     "vldrb.8 q1, [%[v]], #16\n\t"
                     "vmladava.s8 %[a], q0, q1\n\t"
                     "vldrb.8 q2, [%[w]], #16\n\t"
                     "vmladava.s8 %[b], q0, q2\n\t"
                     "vldrb.8 q3, [%[y]], #16\n\t"
                     "vmladava.s8 %[c], q3, q1\n\t"
                     "vmladava.s8 %[d], q3, q2\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [a] "+Te"(sum.xv), [b] "+Te"(sum.xw), [c] "+Te"(sum.yv), [d] "+Te"(sum.yw),
                       [x] "+r"(x), [y] "+r"(y), [v] "+r"(v), [w] "+r"(w)
                     : [n] "r"(depth)
                     : "lr", "q0", "q1", "q2", "q3", "memory");
    return sum;
}

/* Products of two pixels with four rows of weights. */
TINYSSL_INLINE void tinyssl_dot_2x4(const int8_t *x, const int8_t *y, const int8_t *const w[4],
                                    int32_t depth, tinyssl_quad *first, tinyssl_quad *second)
{
    const struct tinyssl_sums even = tinyssl_dot_2x2(x, y, w[0], w[2], depth);
    *first = tinyssl_even_lanes(even.xv, even.xw);
    *second = tinyssl_even_lanes(even.yv, even.yw);
    const struct tinyssl_sums odd = tinyssl_dot_2x2(x, y, w[1], w[3], depth);
    *first = tinyssl_odd_lanes(*first, odd.xv, odd.xw);
    *second = tinyssl_odd_lanes(*second, odd.yv, odd.yw);
}

/* Products of one pixel with four rows of weights: 64 MACs in 10 instructions. */
TINYSSL_INLINE tinyssl_quad tinyssl_dot_1x4(const int8_t *x, const int8_t *const w[4],
                                            int32_t depth)
{
    const int8_t *p = w[0], *q = w[1], *r = w[2], *s = w[3];
    int32_t a = 0, b = 0, c = 0, d = 0;
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[x]], #16\n\t"
                     "vldrb.8 q1, [%[p]], #16\n\t"
                     "vmladava.s8 %[a], q0, q1\n\t"
                     "vldrb.8 q2, [%[q]], #16\n\t"
                     "vmladava.s8 %[b], q0, q2\n\t"
                     "vldrb.8 q1, [%[r]], #16\n\t"
                     "vmladava.s8 %[c], q0, q1\n\t"
                     "vldrb.8 q2, [%[s]], #16\n\t"
                     "vmladava.s8 %[d], q0, q2\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [x] "+r"(x),
                       [p] "+r"(p), [q] "+r"(q), [r] "+r"(r), [s] "+r"(s)
                     : [n] "r"(depth)
                     : "lr", "q0", "q1", "q2", "memory");
    return tinyssl_lanes(a, b, c, d);
}

/* Products of one block with four: all that there is of a depth of 16 or less. */
TINYSSL_INLINE tinyssl_quad tinyssl_dot_block(tinyssl_block x, tinyssl_block p, tinyssl_block q,
                                              tinyssl_block r, tinyssl_block s)
{
    return tinyssl_lanes(vmladavq_s8(x, p), vmladavq_s8(x, q), vmladavq_s8(x, r),
                         vmladavq_s8(x, s));
}

TINYSSL_INLINE void tinyssl_mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
    __asm__ volatile("wlstp.8 lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [count] "r"(count)
                     : "lr", "q0", "memory");
}

TINYSSL_INLINE void tinyssl_mve_fill(int8_t *to, int8_t value, int32_t count)
{
    for (; count > 0; count -= TINYSSL_BLOCK, to += TINYSSL_BLOCK) {
        vstrbq_p_s8(to, vdupq_n_s8(value), vctp8q((uint32_t)count));
    }
}

TINYSSL_INLINE tinyssl_quad tinyssl_dup(int32_t value)
{
    return vdupq_n_s32(value);
}

TINYSSL_INLINE tinyssl_quad tinyssl_load_quad(const int32_t *from)
{
    return vldrwq_s32(from);
}

/* Four int8 to int32. */
TINYSSL_INLINE tinyssl_quad tinyssl_widen_quad(const int8_t *from, int32_t count)
{
    return count >= TINYSSL_QUAD ? vldrbq_s32(from) : vldrbq_z_s32(from, vctp32q((uint32_t)count));
}

TINYSSL_INLINE void tinyssl_store_lanes(int32_t *to, tinyssl_quad x)
{
    vstrwq_s32(to, x);
}

/* The start that the first word of a channel's entry holds: the word / 2^8, downwards. */
TINYSSL_INLINE tinyssl_quad tinyssl_start(tinyssl_quad word)
{
    return vshrq_n_s32(word, 8);
}

TINYSSL_INLINE tinyssl_quad tinyssl_add(tinyssl_quad a, tinyssl_quad b)
{
    return vaddq_s32(a, b);
}

TINYSSL_INLINE tinyssl_quad tinyssl_shift_left(tinyssl_quad x, int32_t bits)
{
    return vshlq_r_s32(x, bits);
}

/* round(a * b / 2^31), halves upwards. */
TINYSSL_INLINE tinyssl_quad tinyssl_top_quad(tinyssl_quad a, tinyssl_quad b)
{
    return vqrdmulhq_s32(a, b);
}

/* One less where x is negative: halves then go away from zero in the shift that follows. */
TINYSSL_INLINE tinyssl_quad tinyssl_away(tinyssl_quad x)
{
    return vaddq_s32(x, vshrq_n_s32(x, 31));
}

/* round(x * 2^by), halves upwards; `by` is what the low byte of its lane holds, in [-31, 0]. */
TINYSSL_INLINE tinyssl_quad tinyssl_round_shift(tinyssl_quad x, tinyssl_quad by)
{
    return vrshlq_s32(x, by);
}

/* x + zero, clamped, to int8. */
TINYSSL_INLINE void tinyssl_store_quad(int8_t *out, tinyssl_quad x, int32_t zero, tinyssl_quad low,
                                       tinyssl_quad high, int32_t count)
{
    x = vminq_s32(vmaxq_s32(vaddq_n_s32(x, zero), low), high);
    if (count >= TINYSSL_QUAD) {
        vstrbq_s32(out, x);
    } else {
        vstrbq_p_s32(out, x, vctp32q((uint32_t)count));
    }
}

/* x + zero, saturated, to four int8. For vqmovnbq_s32() GCC 12 copies x: a pointwise convolution then
 * takes 25 % more instructions. */
TINYSSL_INLINE void tinyssl_store_saturated(int8_t *out, tinyssl_quad x, int32_t zero)
{
    x = vaddq_n_s32(x, zero);
    __asm__("vqmovnb.s32 %q0, %q0\n\t"
            "vqmovnb.s16 %q0, %q0"
            : "+w"(x));
    vstrbq_s32(out, x);
}

/* Zero in the lanes from `count` on. A whole block is faster where the compiler knows the count. */
TINYSSL_INLINE tinyssl_block tinyssl_load_block(const int8_t *from, int32_t count)
{
#if defined(__GNUC__)
    if (__builtin_constant_p(count) && count == TINYSSL_BLOCK) {
        return vldrbq_s8(from);
    }
#endif
    return vldrbq_z_s8(from, vctp8q((uint32_t)count));
}

#else

typedef struct {
    int32_t lane[4];
} tinyssl_quad;

typedef struct {
    int8_t lane[16];
} tinyssl_block;

TINYSSL_INLINE int32_t tinyssl_dot(const int8_t *x, const int8_t *w, int32_t depth)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

TINYSSL_INLINE tinyssl_quad tinyssl_lanes(int32_t a, int32_t b, int32_t c, int32_t d)
{
    return (tinyssl_quad){{a, b, c, d}};
}

TINYSSL_INLINE tinyssl_quad tinyssl_dot_1x4(const int8_t *x, const int8_t *const w[4],
                                            int32_t depth)
{
    return tinyssl_lanes(tinyssl_dot(x, w[0], depth), tinyssl_dot(x, w[1], depth),
                         tinyssl_dot(x, w[2], depth), tinyssl_dot(x, w[3], depth));
}

TINYSSL_INLINE void tinyssl_dot_2x4(const int8_t *x, const int8_t *y, const int8_t *const w[4],
                                    int32_t depth, tinyssl_quad *first, tinyssl_quad *second)
{
    *first = tinyssl_dot_1x4(x, w, depth);
    *second = tinyssl_dot_1x4(y, w, depth);
}

TINYSSL_INLINE tinyssl_quad tinyssl_dot_block(tinyssl_block x, tinyssl_block p, tinyssl_block q,
                                              tinyssl_block r, tinyssl_block s)
{
    const int8_t *const rows[4] = {p.lane, q.lane, r.lane, s.lane};
    return tinyssl_dot_1x4(x.lane, rows, TINYSSL_BLOCK);
}

TINYSSL_INLINE void tinyssl_mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

TINYSSL_INLINE void tinyssl_mve_fill(int8_t *to, int8_t value, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = value;
    }
}

TINYSSL_INLINE tinyssl_quad tinyssl_dup(int32_t value)
{
    return tinyssl_lanes(value, value, value, value);
}

TINYSSL_INLINE tinyssl_quad tinyssl_load_quad(const int32_t *from)
{
    return tinyssl_lanes(from[0], from[1], from[2], from[3]);
}

TINYSSL_INLINE tinyssl_quad tinyssl_widen_quad(const int8_t *from, int32_t count)
{
    tinyssl_quad x = tinyssl_dup(0);
    for (int32_t i = 0; i < TINYSSL_QUAD && i < count; i++) {
        x.lane[i] = from[i];
    }
    return x;
}

TINYSSL_INLINE void tinyssl_store_lanes(int32_t *to, tinyssl_quad x)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        to[i] = x.lane[i];
    }
}

TINYSSL_INLINE tinyssl_quad tinyssl_start(tinyssl_quad word)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        word.lane[i] >>= 8;
    }
    return word;
}

TINYSSL_INLINE tinyssl_quad tinyssl_add(tinyssl_quad a, tinyssl_quad b)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        a.lane[i] += b.lane[i];
    }
    return a;
}

TINYSSL_INLINE tinyssl_quad tinyssl_shift_left(tinyssl_quad x, int32_t bits)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        x.lane[i] *= INT32_C(1) << bits;
    }
    return x;
}

TINYSSL_INLINE tinyssl_quad tinyssl_top_quad(tinyssl_quad a, tinyssl_quad b)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        a.lane[i] = tinyssl_high_product(a.lane[i], b.lane[i]);
    }
    return a;
}

TINYSSL_INLINE tinyssl_quad tinyssl_away(tinyssl_quad x)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        x.lane[i] += x.lane[i] >> 31;
    }
    return x;
}

TINYSSL_INLINE tinyssl_quad tinyssl_round_shift(tinyssl_quad x, tinyssl_quad by)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        const int32_t right = -(int8_t)(uint8_t)by.lane[i];
        const int64_t half = ((int64_t)1 << right) >> 1;
        x.lane[i] = (int32_t)((x.lane[i] + half) >> right);
    }
    return x;
}

TINYSSL_INLINE void tinyssl_store_quad(int8_t *out, tinyssl_quad x, int32_t zero, tinyssl_quad low,
                                       tinyssl_quad high, int32_t count)
{
    for (int32_t i = 0; i < TINYSSL_QUAD && i < count; i++) {
        out[i] = tinyssl_clamp(x.lane[i] + zero, low.lane[i], high.lane[i]);
    }
}

TINYSSL_INLINE void tinyssl_store_saturated(int8_t *out, tinyssl_quad x, int32_t zero)
{
    tinyssl_store_quad(out, x, zero, tinyssl_dup(INT8_MIN), tinyssl_dup(INT8_MAX), TINYSSL_QUAD);
}

TINYSSL_INLINE tinyssl_block tinyssl_load_block(const int8_t *from, int32_t count)
{
    tinyssl_block x = {{0}};
    tinyssl_mve_copy(x.lane, from, count < TINYSSL_BLOCK ? count : TINYSSL_BLOCK);
    return x;
}

#endif

#endif
