/* Operations lane by lane, beside mve.h, and the same in plain C. */
#ifndef TINYSSL_LANES_MVE_H
#define TINYSSL_LANES_MVE_H

#include "mve.h"

#if TINYSSL_MVE

TINYSSL_INLINE tinyssl_block tinyssl_dup_block(int32_t value)
{
    return vdupq_n_s8((int8_t)value);
}

TINYSSL_INLINE tinyssl_block tinyssl_max_block(tinyssl_block a, tinyssl_block b)
{
    return vmaxq_s8(a, b);
}

TINYSSL_INLINE tinyssl_block tinyssl_min_block(tinyssl_block a, tinyssl_block b)
{
    return vminq_s8(a, b);
}

TINYSSL_INLINE void tinyssl_store_block(int8_t *to, tinyssl_block x, int32_t count)
{
    vstrbq_p_s8(to, x, vctp8q((uint32_t)count));
}

TINYSSL_INLINE tinyssl_quad tinyssl_multiply(tinyssl_quad a, tinyssl_quad b)
{
    return vmulq_s32(a, b);
}

#else

TINYSSL_INLINE tinyssl_block tinyssl_dup_block(int32_t value)
{
    tinyssl_block x;
    for (int32_t i = 0; i < TINYSSL_BLOCK; i++) {
        x.lane[i] = (int8_t)value;
    }
    return x;
}

TINYSSL_INLINE tinyssl_block tinyssl_max_block(tinyssl_block a, tinyssl_block b)
{
    for (int32_t i = 0; i < TINYSSL_BLOCK; i++) {
        a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
    }
    return a;
}

TINYSSL_INLINE tinyssl_block tinyssl_min_block(tinyssl_block a, tinyssl_block b)
{
    for (int32_t i = 0; i < TINYSSL_BLOCK; i++) {
        a.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
    }
    return a;
}

/* The first `count` lanes. */
TINYSSL_INLINE void tinyssl_store_block(int8_t *to, tinyssl_block x, int32_t count)
{
    tinyssl_mve_copy(to, x.lane, count < TINYSSL_BLOCK ? count : TINYSSL_BLOCK);
}

TINYSSL_INLINE tinyssl_quad tinyssl_multiply(tinyssl_quad a, tinyssl_quad b)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        a.lane[i] *= b.lane[i];
    }
    return a;
}

#endif

#endif
