/* What the *_mve kernels ask of the M-profile Vector Extension, and the same in plain C: equal to the
 * bit, so that a kernel can be tested on any computer. A quad is four int32 lanes; a block is sixteen
 * int8 lanes. Loads and stores take any address and touch no byte beyond `count`. */
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

#if defined(__clang__)
#define TINYSSL_UNROLL _Pragma("clang loop unroll_count(4)")
#elif defined(__GNUC__)
#define TINYSSL_UNROLL _Pragma("GCC unroll 4")
#else
#define TINYSSL_UNROLL
#endif

enum { TINYSSL_QUAD = 4, TINYSSL_BLOCK = 16 };

/* Sums of two pixels and two channels. */
struct tinyssl_sums {
    int32_t first[2], second[2]; /* pixel: its two channels */
};

#if TINYSSL_MVE

typedef int32x4_t tinyssl_quad;
typedef int8x16_t tinyssl_block;

/* Products of two pixels with two rows of weights: 64 MACs in 9 instructions. */
static inline struct tinyssl_sums tinyssl_dot_2x2(const int8_t *x, const int8_t *y, const int8_t *v,
                                                  const int8_t *w, int32_t depth)
{
    int32_t xv = 0, xw = 0, yv = 0, yw = 0;
    __asm volatile("wlstp.8 lr, %[depth], 2f\n"
                   "1:\n\t"
                   "vldrb.8 q0, [%[x]], #16\n\t"
                   "vldrb.8 q1, [%[v]], #16\n\t"
                   "vmladava.s8 %[xv], q0, q1\n\t"
                   "vldrb.8 q2, [%[w]], #16\n\t"
                   "vmladava.s8 %[xw], q0, q2\n\t"
                   "vldrb.8 q3, [%[y]], #16\n\t"
                   "vmladava.s8 %[yv], q3, q1\n\t"
                   "vmladava.s8 %[yw], q3, q2\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [xv] "+Te"(xv), [xw] "+Te"(xw), [yv] "+Te"(yv), [yw] "+Te"(yw), [x] "+r"(x),
                     [y] "+r"(y), [v] "+r"(v), [w] "+r"(w)
                   : [depth] "r"(depth)
                   : "lr", "q0", "q1", "q2", "q3", "memory");
    return (struct tinyssl_sums){{xv, xw}, {yv, yw}};
}

static inline tinyssl_quad tinyssl_lanes(int32_t a, int32_t b, int32_t c, int32_t d)
{
    tinyssl_quad x;
    __asm("vmov %q0[2], %q0[0], %1, %2\n\t"
          "vmov %q0[3], %q0[1], %3, %4"
          : "=&w"(x)
          : "r"(a), "r"(c), "r"(b), "r"(d));
    return x;
}

/* Products of one pixel with four rows of weights: 64 MACs in 10 instructions. */
static inline tinyssl_quad tinyssl_dot_1x4(const int8_t *x, const int8_t *const w[4], int32_t depth)
{
    const int8_t *p = w[0], *q = w[1], *r = w[2], *s = w[3];
    int32_t a = 0, b = 0, c = 0, d = 0;
    __asm volatile("wlstp.8 lr, %[depth], 2f\n"
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
                   : [depth] "r"(depth)
                   : "lr", "q0", "q1", "q2", "memory");
    return tinyssl_lanes(a, b, c, d);
}

/* Products of one block with four: all that there is of a depth of 16 or less. */
static inline tinyssl_quad tinyssl_dot_block(tinyssl_block x, const tinyssl_block w[4])
{
    return tinyssl_lanes(vmladavq_s8(x, w[0]), vmladavq_s8(x, w[1]), vmladavq_s8(x, w[2]),
                         vmladavq_s8(x, w[3]));
}

static inline void tinyssl_copy(int8_t *to, const int8_t *from, int32_t count)
{
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vldrb.8 q0, [%[from]], #16\n\t"
                   "vstrb.8 q0, [%[to]], #16\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [to] "+r"(to), [from] "+r"(from)
                   : [count] "r"(count)
                   : "lr", "q0", "memory");
}

static inline void tinyssl_fill(int8_t *to, int8_t value, int32_t count)
{
    for (; count > 0; count -= TINYSSL_BLOCK, to += TINYSSL_BLOCK) {
        vstrbq_p_s8(to, vdupq_n_s8(value), vctp8q((uint32_t)count));
    }
}

static inline tinyssl_quad tinyssl_same(int32_t value)
{
    return vdupq_n_s32(value);
}

static inline tinyssl_quad tinyssl_load_quad(const int32_t *from)
{
    return vldrwq_s32(from);
}

/* Four int8 to int32. */
static inline tinyssl_quad tinyssl_widen_quad(const int8_t *from, int32_t count)
{
    return count >= TINYSSL_QUAD ? vldrbq_s32(from) : vldrbq_z_s32(from, vctp32q((uint32_t)count));
}

static inline void tinyssl_keep_quad(int32_t *to, tinyssl_quad x)
{
    vstrwq_s32(to, x);
}

/* The start that the first word of a channel's entry holds: the word / 2^8, downwards. */
static inline tinyssl_quad tinyssl_start(tinyssl_quad word)
{
    return vshrq_n_s32(word, 8);
}

static inline tinyssl_quad tinyssl_add(tinyssl_quad a, tinyssl_quad b)
{
    return vaddq_s32(a, b);
}

static inline tinyssl_quad tinyssl_shift_left(tinyssl_quad x, int32_t bits)
{
    return vshlq_r_s32(x, bits);
}

/* round(a * b / 2^31), halves upwards. */
static inline tinyssl_quad tinyssl_top_quad(tinyssl_quad a, tinyssl_quad b)
{
    return vqrdmulhq_s32(a, b);
}

/* One less where x is negative: halves then go away from zero in the shift that follows. */
static inline tinyssl_quad tinyssl_away(tinyssl_quad x)
{
    return vaddq_s32(x, vshrq_n_s32(x, 31));
}

/* round(x * 2^by), halves upwards; `by` is what the low byte of its lane holds, in [-31, 0]. */
static inline tinyssl_quad tinyssl_round_shift(tinyssl_quad x, tinyssl_quad by)
{
    return vrshlq_s32(x, by);
}

/* x + zero, clamped, to int8. */
static inline void tinyssl_store_quad(int8_t *out, tinyssl_quad x, int32_t zero, int32_t low,
                                      int32_t high, int32_t count)
{
    x = vaddq_n_s32(x, zero);
    x = vminq_s32(vmaxq_s32(x, vdupq_n_s32(low)), vdupq_n_s32(high));
    if (count >= TINYSSL_QUAD) {
        vstrbq_s32(out, x);
    } else {
        vstrbq_p_s32(out, x, vctp32q((uint32_t)count));
    }
}

/* Zero in the lanes from `count` on. */
static inline tinyssl_block tinyssl_load_block(const int8_t *from, int32_t count)
{
    return count >= TINYSSL_BLOCK ? vldrbq_s8(from) : vldrbq_z_s8(from, vctp8q((uint32_t)count));
}

/* sums[k].lane[i] += x[j] * v[j] + y[j] * w[j] for j = 4 i + k. Both products together fit int16, as
 * no weight is -128. */
static inline void tinyssl_add_taps(tinyssl_quad sums[4], tinyssl_block x, tinyssl_block v,
                                    tinyssl_block y, tinyssl_block w)
{
    const int16x8_t even = vaddq_s16(vmullbq_int_s8(x, v), vmullbq_int_s8(y, w));
    const int16x8_t odd = vaddq_s16(vmulltq_int_s8(x, v), vmulltq_int_s8(y, w));
    sums[0] = vaddq_s32(sums[0], vmovlbq_s16(even));
    sums[1] = vaddq_s32(sums[1], vmovlbq_s16(odd));
    sums[2] = vaddq_s32(sums[2], vmovltq_s16(even));
    sums[3] = vaddq_s32(sums[3], vmovltq_s16(odd));
}

static inline void tinyssl_add_tap(tinyssl_quad sums[4], tinyssl_block x, tinyssl_block w)
{
    const int16x8_t even = vmullbq_int_s8(x, w);
    const int16x8_t odd = vmulltq_int_s8(x, w);
    sums[0] = vaddq_s32(sums[0], vmovlbq_s16(even));
    sums[1] = vaddq_s32(sums[1], vmovlbq_s16(odd));
    sums[2] = vaddq_s32(sums[2], vmovltq_s16(even));
    sums[3] = vaddq_s32(sums[3], vmovltq_s16(odd));
}

/* The lanes of x in the order that tinyssl_add_taps sums them, saturated, then clamped. */
static inline void tinyssl_store_block(int8_t *out, const tinyssl_quad x[4], int32_t zero,
                                       int32_t low, int32_t high, int32_t count)
{
    int16x8_t even = vqmovnbq_s32(vuninitializedq_s16(), vaddq_n_s32(x[0], zero));
    int16x8_t odd = vqmovnbq_s32(vuninitializedq_s16(), vaddq_n_s32(x[1], zero));
    even = vqmovntq_s32(even, vaddq_n_s32(x[2], zero));
    odd = vqmovntq_s32(odd, vaddq_n_s32(x[3], zero));
    int8x16_t y = vqmovntq_s16(vqmovnbq_s16(vuninitializedq_s8(), even), odd);
    y = vminq_s8(vmaxq_s8(y, vdupq_n_s8((int8_t)low)), vdupq_n_s8((int8_t)high));
    if (count >= TINYSSL_BLOCK) {
        vstrbq_s8(out, y);
    } else {
        vstrbq_p_s8(out, y, vctp8q((uint32_t)count));
    }
}

#else

typedef struct {
    int32_t lane[4];
} tinyssl_quad;

typedef struct {
    int8_t lane[16];
} tinyssl_block;

static inline int32_t tinyssl_dot(const int8_t *x, const int8_t *w, int32_t depth)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

static inline struct tinyssl_sums tinyssl_dot_2x2(const int8_t *x, const int8_t *y, const int8_t *v,
                                                  const int8_t *w, int32_t depth)
{
    return (struct tinyssl_sums){{tinyssl_dot(x, v, depth), tinyssl_dot(x, w, depth)},
                                 {tinyssl_dot(y, v, depth), tinyssl_dot(y, w, depth)}};
}

static inline tinyssl_quad tinyssl_lanes(int32_t a, int32_t b, int32_t c, int32_t d)
{
    return (tinyssl_quad){{a, b, c, d}};
}

static inline tinyssl_quad tinyssl_dot_1x4(const int8_t *x, const int8_t *const w[4], int32_t depth)
{
    return tinyssl_lanes(tinyssl_dot(x, w[0], depth), tinyssl_dot(x, w[1], depth),
                         tinyssl_dot(x, w[2], depth), tinyssl_dot(x, w[3], depth));
}

static inline tinyssl_quad tinyssl_dot_block(tinyssl_block x, const tinyssl_block w[4])
{
    const int8_t *const rows[4] = {w[0].lane, w[1].lane, w[2].lane, w[3].lane};
    return tinyssl_dot_1x4(x.lane, rows, TINYSSL_BLOCK);
}

static inline void tinyssl_copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

static inline void tinyssl_fill(int8_t *to, int8_t value, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = value;
    }
}

static inline tinyssl_quad tinyssl_same(int32_t value)
{
    return tinyssl_lanes(value, value, value, value);
}

static inline tinyssl_quad tinyssl_load_quad(const int32_t *from)
{
    return tinyssl_lanes(from[0], from[1], from[2], from[3]);
}

static inline tinyssl_quad tinyssl_widen_quad(const int8_t *from, int32_t count)
{
    tinyssl_quad x = tinyssl_same(0);
    for (int32_t i = 0; i < TINYSSL_QUAD && i < count; i++) {
        x.lane[i] = from[i];
    }
    return x;
}

static inline void tinyssl_keep_quad(int32_t *to, tinyssl_quad x)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        to[i] = x.lane[i];
    }
}

static inline tinyssl_quad tinyssl_start(tinyssl_quad word)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        word.lane[i] >>= 8;
    }
    return word;
}

static inline tinyssl_quad tinyssl_add(tinyssl_quad a, tinyssl_quad b)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        a.lane[i] += b.lane[i];
    }
    return a;
}

static inline tinyssl_quad tinyssl_shift_left(tinyssl_quad x, int32_t bits)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        x.lane[i] *= INT32_C(1) << bits;
    }
    return x;
}

static inline tinyssl_quad tinyssl_top_quad(tinyssl_quad a, tinyssl_quad b)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        a.lane[i] = tinyssl_high_product(a.lane[i], b.lane[i]);
    }
    return a;
}

static inline tinyssl_quad tinyssl_away(tinyssl_quad x)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        x.lane[i] += x.lane[i] >> 31;
    }
    return x;
}

static inline tinyssl_quad tinyssl_round_shift(tinyssl_quad x, tinyssl_quad by)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        const int32_t right = -(int8_t)(uint8_t)by.lane[i];
        const int64_t half = ((int64_t)1 << right) >> 1;
        x.lane[i] = (int32_t)((x.lane[i] + half) >> right);
    }
    return x;
}

static inline void tinyssl_store_quad(int8_t *out, tinyssl_quad x, int32_t zero, int32_t low,
                                      int32_t high, int32_t count)
{
    for (int32_t i = 0; i < TINYSSL_QUAD && i < count; i++) {
        out[i] = tinyssl_clamp(x.lane[i] + zero, low, high);
    }
}

static inline tinyssl_block tinyssl_load_block(const int8_t *from, int32_t count)
{
    tinyssl_block x = {{0}};
    tinyssl_copy(x.lane, from, count < TINYSSL_BLOCK ? count : TINYSSL_BLOCK);
    return x;
}

static inline void tinyssl_add_tap(tinyssl_quad sums[4], tinyssl_block x, tinyssl_block w)
{
    for (int32_t i = 0; i < TINYSSL_BLOCK; i++) {
        sums[i % 4].lane[i / 4] += x.lane[i] * w.lane[i];
    }
}

static inline void tinyssl_add_taps(tinyssl_quad sums[4], tinyssl_block x, tinyssl_block v,
                                    tinyssl_block y, tinyssl_block w)
{
    tinyssl_add_tap(sums, x, v);
    tinyssl_add_tap(sums, y, w);
}

static inline void tinyssl_store_block(int8_t *out, const tinyssl_quad x[4], int32_t zero,
                                       int32_t low, int32_t high, int32_t count)
{
    for (int32_t i = 0; i < TINYSSL_BLOCK && i < count; i++) {
        out[i] = tinyssl_clamp(x[i % 4].lane[i / 4] + zero, low, high);
    }
}

#endif

#endif
