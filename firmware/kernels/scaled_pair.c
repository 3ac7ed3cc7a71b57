#include "scaled_pair.h"

#include "fixed_point.h"

static int32_t left_of(const struct tinyssl_scaled_pair *p, int32_t x)
{
    const int32_t raised = (x - p->left_zero) * (INT32_C(1) << p->headroom);
    return tinyssl_requantise(raised, p->left_multiplier, p->left_shift);
}

static int32_t right_of(const struct tinyssl_scaled_pair *p, int32_t y)
{
    const int32_t raised = (y - p->right_zero) * (INT32_C(1) << p->headroom);
    return tinyssl_requantise(raised, p->right_multiplier, p->right_shift);
}

static int32_t output(const struct tinyssl_scaled_pair *p, int32_t x)
{
    const int32_t y = tinyssl_requantise(x, p->out_multiplier, p->out_shift) + p->out_zero;
    return y < p->out_min ? p->out_min : y > p->out_max ? p->out_max : y;
}

static int32_t squared(int32_t x)
{
    return x * x;
}

#define SCALED(name, in_type, out_type, value)                                                     \
    TINYSSL_BROADCAST(tinyssl_scaled_##name, tinyssl_scaled_pair, in_type, out_type, value)
#define COMPARED(name, sign) SCALED(name##_s8, int8_t, uint8_t, left_of(p, x) sign right_of(p, y))

SCALED(add_s8, int8_t, int8_t, output(p, left_of(p, x) + right_of(p, y)))
SCALED(sub_s8, int8_t, int8_t, output(p, left_of(p, x) - right_of(p, y)))
SCALED(squared_difference_s8, int8_t, int8_t, output(p, squared(left_of(p, x) - right_of(p, y))))
SCALED(add_s16, int16_t, int16_t, output(p, left_of(p, x) + right_of(p, y)))
SCALED(sub_s16, int16_t, int16_t, output(p, left_of(p, x) - right_of(p, y)))
SCALED(squared_difference_s16, int16_t, int16_t, output(p, squared(left_of(p, x) - right_of(p, y))))

COMPARED(equal, ==)
COMPARED(not_equal, !=)
COMPARED(less, <)
COMPARED(less_equal, <=)
COMPARED(greater, >)
COMPARED(greater_equal, >=)
