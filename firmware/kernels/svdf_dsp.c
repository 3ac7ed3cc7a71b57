#include "svdf_dsp.h"

#include "rows4_dsp.h"
#include "svdf_rows4.h"

TINYSSL_ROWS4(add_products, int8_t, TINYSSL_PAIRS_S8_RAISED, x[i] - zero)

/* Moves a state of `memory` results on by one; adds the products with `time`, modulo 2^32. */
static inline int32_t remember_s8(int8_t *state, const int8_t *time, int32_t memory, int8_t newest,
                                  int32_t sum)
{
    int32_t i = 0;
    if (memory >= 4) {
        uint32_t word = tinyssl_load(state);
        for (; memory - i >= 8; i += 4) {
            const uint32_t next = tinyssl_load(state + i + 4), moved = word >> 8 | next << 24;
            tinyssl_store(state + i, moved);
            sum =
                tinyssl_add_four(time + i, tinyssl_sxtb16(moved), tinyssl_sxtb16_ror8(moved), sum);
            word = next;
        }
        if (memory - i == 4) {
            const uint32_t moved = word >> 8 | (uint32_t)newest << 24;
            tinyssl_store(state + i, moved);
            return tinyssl_add_four(time + i, tinyssl_sxtb16(moved), tinyssl_sxtb16_ror8(moved),
                                    sum);
        }
    }
    for (; i < memory; i++) {
        state[i] = i + 1 < memory ? state[i + 1] : newest;
        sum = tinyssl_smlad(tinyssl_pair(time[i], 0), tinyssl_pair(state[i], 0), sum);
    }
    return sum;
}

static inline int32_t remember_s16(int16_t *state, const int16_t *time, int32_t memory,
                                   int16_t newest, int32_t sum)
{
    int32_t i = 0;
    if (memory >= 2) {
        uint32_t word = tinyssl_load(state);
        for (; memory - i >= 4; i += 2) {
            const uint32_t next = tinyssl_load(state + i + 2), moved = word >> 16 | next << 16;
            tinyssl_store(state + i, moved);
            sum = tinyssl_smlad(tinyssl_load(time + i), moved, sum);
            word = next;
        }
    }
    for (; i < memory; i++) {
        state[i] = i + 1 < memory ? state[i + 1] : newest;
        sum = tinyssl_smlad(tinyssl_pair(time[i], 0), tinyssl_pair(state[i], 0), sum);
    }
    return sum;
}

TINYSSL_SVDF_ROWS4(s8_dsp, s8, int8_t, remember_s8, add_products)
TINYSSL_SVDF_ROWS4(s8_s16_dsp, s16, int16_t, remember_s16, add_products)
