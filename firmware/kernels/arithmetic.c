#include "arithmetic.h"

static int32_t clamp_s32(const struct tinyssl_pair_s32 *p, uint32_t sum)
{
    const int32_t x = (int32_t)sum;
    return x < p->out_min ? p->out_min : x > p->out_max ? p->out_max : x;
}

/* What is not a number stays so. */
static float clamp_f32(const struct tinyssl_pair_f32 *p, float x)
{
    return x < p->out_min ? p->out_min : p->out_max < x ? p->out_max : x;
}

static uint32_t quotient(int32_t x, int32_t y)
{
    if (y == 0) {
        return 0;
    }
    return y == -1 ? 0U - (uint32_t)x : (uint32_t)(x / y);
}

static int32_t squared(int32_t x, int32_t y)
{
    const uint32_t difference = (uint32_t)x - (uint32_t)y;
    return (int32_t)(difference * difference);
}

#define S32(name, value)                                                                           \
    TINYSSL_BROADCAST(tinyssl_##name##_s32, tinyssl_pair_s32, int32_t, int32_t, clamp_s32(p, value))
#define F32(name, value)                                                                           \
    TINYSSL_BROADCAST(tinyssl_##name##_f32, tinyssl_pair_f32, float, float, clamp_f32(p, value))

S32(add, (uint32_t)x + (uint32_t)y)
S32(sub, (uint32_t)x - (uint32_t)y)
S32(mul, (uint32_t)x *(uint32_t)y)
S32(div, quotient(x, y))
F32(add, x + y)
F32(sub, x - y)
F32(mul, x *y)
F32(div, x / y)
TINYSSL_BROADCAST(tinyssl_squared_difference_s32, tinyssl_pair, int32_t, int32_t, squared(x, y))
TINYSSL_BROADCAST(tinyssl_squared_difference_f32, tinyssl_pair, float, float, (x - y) * (x - y))
