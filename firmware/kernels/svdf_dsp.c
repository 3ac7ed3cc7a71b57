#include "svdf_dsp.h"

#include "fixed_point.h"
#include "rows4_dsp.h"

TINYSSL_ROWS4(add_products, int8_t, TINYSSL_PAIRS_S8_RAISED, x[i] - zero)

/* New results of four filters from f on; of fewer that are left, the last one again. */
static void results(const struct tinyssl_svdf *p, const int8_t *in, int32_t f, int32_t filters,
                    int32_t found[TINYSSL_ROWS])
{
    const int8_t *rows[TINYSSL_ROWS];
    for (int32_t r = 0; r < TINYSSL_ROWS; r++) {
        rows[r] = p->feature + (f + r < filters ? f + r : filters - 1) * p->inputs;
        found[r] = 0;
    }
    add_products(rows, in, p->inputs, p->in_zero, found);
    for (int32_t r = 0; r < TINYSSL_ROWS; r++) {
        found[r] = tinyssl_requantise(found[r], p->state_multiplier, p->state_shift);
    }
}

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

/* Modulo 2^8, as TensorFlow Lite Micro stores it. */
static inline int8_t newest_s8(const struct tinyssl_svdf *p, int32_t x)
{
    return (int8_t)(uint8_t)(tinyssl_clamp(x, INT8_MIN, INT8_MAX) + p->state_zero);
}

static inline int16_t newest_s16(const struct tinyssl_svdf *p, int32_t x)
{
    (void)p;
    return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

/* Defines tinyssl_svdf_<name>_dsp by the type of the state. */
#define SVDF(name, ending, type)                                                                   \
    void tinyssl_svdf_##name##_dsp(const int8_t *in, type *state, const struct tinyssl_svdf *p,    \
                                   int8_t *out)                                                    \
    {                                                                                              \
        const int32_t filters = p->outputs * p->rank;                                              \
        for (int32_t b = 0; b < p->batches; b++, in += p->inputs) {                                \
            const type *time = (const type *)p->time;                                              \
            const int32_t *bias = p->bias;                                                         \
            int32_t sum = *bias++, left = p->rank, found[TINYSSL_ROWS];                            \
            for (int32_t f = 0; f < filters; f++) {                                                \
                if (f % TINYSSL_ROWS == 0) {                                                       \
                    results(p, in, f, filters, found);                                             \
                }                                                                                  \
                const type newest = newest_##ending(p, found[f % TINYSSL_ROWS]);                   \
                sum = remember_##ending(state, time, p->memory, newest, sum);                      \
                state += p->memory;                                                                \
                time += p->memory;                                                                 \
                if (--left == 0) {                                                                 \
                    sum = tinyssl_requantise(sum, p->out_multiplier, p->out_shift);                \
                    *out++ = tinyssl_clamp(sum + p->out_zero, INT8_MIN, INT8_MAX);                 \
                    left = p->rank;                                                                \
                    sum = f + 1 < filters ? *bias++ : 0;                                           \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

SVDF(s8, s8, int8_t)
SVDF(s8_s16, s16, int16_t)
