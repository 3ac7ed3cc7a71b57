#include "svdf_rv32.h"

#include "rows4_rv32.h"
#include "svdf_rows4.h"

/* As TINYSSL_SVDF_ROWS4 asks for it: each result of the state is read once. */
#define REMEMBER(name, type)                                                                       \
    static inline int32_t name(type *state, const type *time, int32_t memory, type newest,         \
                               int32_t sum)                                                        \
    {                                                                                              \
        uint32_t found = (uint32_t)sum;                                                            \
        const int32_t last = memory - 1;                                                           \
        for (int32_t i = 0; i < last; i++) {                                                       \
            const type moved = state[i + 1];                                                       \
            state[i] = moved;                                                                      \
            found += (uint32_t)(time[i] * moved);                                                  \
        }                                                                                          \
        state[last] = newest;                                                                      \
        return (int32_t)(found + (uint32_t)(time[last] * newest));                                 \
    }

REMEMBER(remember_s8, int8_t)
REMEMBER(remember_s16, int16_t)

TINYSSL_SVDF_ROWS4(s8_rv32, s8, int8_t, remember_s8, tinyssl_add_rows4_rv32)
TINYSSL_SVDF_ROWS4(s8_s16_rv32, s16, int16_t, remember_s16, tinyssl_add_rows4_rv32)
