#include "compare.h"

#define PAIR(name, in_type, out_type, value)                                                       \
    TINYSSL_BROADCAST(tinyssl_##name, tinyssl_pair, in_type, out_type, value)

PAIR(minimum_s8, int8_t, int8_t, x < y ? x : y)
PAIR(minimum_s16, int16_t, int16_t, x < y ? x : y)
PAIR(minimum_s32, int32_t, int32_t, x < y ? x : y)
PAIR(minimum_f32, float, float, x < y ? x : y)
PAIR(maximum_s8, int8_t, int8_t, x > y ? x : y)
PAIR(maximum_s16, int16_t, int16_t, x > y ? x : y)
PAIR(maximum_s32, int32_t, int32_t, x > y ? x : y)
PAIR(maximum_f32, float, float, x > y ? x : y)

PAIR(equal_s32, int32_t, uint8_t, x == y)
PAIR(equal_f32, float, uint8_t, x == y)
PAIR(not_equal_s32, int32_t, uint8_t, x != y)
PAIR(not_equal_f32, float, uint8_t, x != y)
PAIR(less_s32, int32_t, uint8_t, x < y)
PAIR(less_f32, float, uint8_t, x < y)
PAIR(less_equal_s32, int32_t, uint8_t, x <= y)
PAIR(less_equal_f32, float, uint8_t, x <= y)
PAIR(greater_s32, int32_t, uint8_t, x > y)
PAIR(greater_f32, float, uint8_t, x > y)
PAIR(greater_equal_s32, int32_t, uint8_t, x >= y)
PAIR(greater_equal_f32, float, uint8_t, x >= y)

PAIR(equal_bool, uint8_t, uint8_t, !x == !y)
PAIR(not_equal_bool, uint8_t, uint8_t, !x != !y)
PAIR(logical_and_bool, uint8_t, uint8_t, x && y)
PAIR(logical_or_bool, uint8_t, uint8_t, x || y)
