/* Four float32 lanes, and the same in plain C: equal to the bit for normal numbers and 0. Numbers below
 * 2^-126 are 0 here. */
#ifndef TINYSSL_FLOATS_MVE_H
#define TINYSSL_FLOATS_MVE_H

#include "mve.h"

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)

typedef float32x4_t tinyssl_floats;

TINYSSL_INLINE tinyssl_floats tinyssl_load_floats(const float *from)
{
    return vldrwq_f32(from);
}

TINYSSL_INLINE void tinyssl_store_floats(float *to, tinyssl_floats x)
{
    vstrwq_f32(to, x);
}

TINYSSL_INLINE tinyssl_floats tinyssl_floats_of(tinyssl_quad x)
{
    return vcvtq_f32_s32(x);
}

TINYSSL_INLINE tinyssl_floats tinyssl_multiply_floats(tinyssl_floats x, float factor)
{
    return vmulq_n_f32(x, factor);
}

/* Between low and high; `low` for what is no number. */
TINYSSL_INLINE tinyssl_floats tinyssl_clamp_floats(tinyssl_floats x, float low, float high)
{
    return vminnmq_f32(vmaxnmq_f32(x, vdupq_n_f32(low)), vdupq_n_f32(high));
}

/* To the nearest whole number, halves away from zero. */
TINYSSL_INLINE tinyssl_quad tinyssl_round_floats(tinyssl_floats x)
{
    return vcvtaq_s32_f32(x);
}

/* Whether any lane of x is further than `distance` from that of y. */
TINYSSL_INLINE int tinyssl_any_apart(tinyssl_floats x, tinyssl_floats y, float distance)
{
    return vcmpgtq_n_f32(vabdq_f32(x, y), distance) != 0;
}

#else

typedef struct {
    float lane[4];
} tinyssl_floats;

TINYSSL_INLINE tinyssl_floats tinyssl_load_floats(const float *from)
{
    return (tinyssl_floats){{from[0], from[1], from[2], from[3]}};
}

TINYSSL_INLINE void tinyssl_store_floats(float *to, tinyssl_floats x)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        to[i] = x.lane[i];
    }
}

TINYSSL_INLINE tinyssl_floats tinyssl_floats_of(tinyssl_quad x)
{
    int32_t lanes[TINYSSL_QUAD];
    tinyssl_store_lanes(lanes, x);
    return (tinyssl_floats){{(float)lanes[0], (float)lanes[1], (float)lanes[2], (float)lanes[3]}};
}

TINYSSL_INLINE tinyssl_floats tinyssl_multiply_floats(tinyssl_floats x, float factor)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        x.lane[i] *= factor;
    }
    return x;
}

TINYSSL_INLINE tinyssl_floats tinyssl_clamp_floats(tinyssl_floats x, float low, float high)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        const float lane = x.lane[i] > low ? x.lane[i] : low;
        x.lane[i] = lane < high ? lane : high;
    }
    return x;
}

TINYSSL_INLINE tinyssl_quad tinyssl_round_floats(tinyssl_floats x)
{
    int32_t lanes[TINYSSL_QUAD];
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        const int32_t twice = (int32_t)(x.lane[i] + x.lane[i]);
        lanes[i] = (twice + (twice < 0 ? -1 : 1)) / 2;
    }
    return tinyssl_load_quad(lanes);
}

TINYSSL_INLINE int tinyssl_any_apart(tinyssl_floats x, tinyssl_floats y, float distance)
{
    int found = 0;
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        const float apart = x.lane[i] - y.lane[i];
        found |= apart > distance || -apart > distance;
    }
    return found;
}

#endif

#endif
