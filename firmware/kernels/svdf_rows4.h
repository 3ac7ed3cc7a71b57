/* Filters over time, four new results at a time. */
#ifndef TINYSSL_SVDF_ROWS4_H
#define TINYSSL_SVDF_ROWS4_H

#include "fixed_point.h"
#include "rows4.h"
#include "svdf.h"

/* New results of four filters from f on; of fewer that are left, the last one again. */
static void tinyssl_svdf_results(const struct tinyssl_svdf *p, const int8_t *in, int32_t f,
                                 int32_t filters, int32_t found[TINYSSL_ROWS],
                                 tinyssl_add_rows4 *add)
{
    const int8_t *rows[TINYSSL_ROWS];
    for (int32_t r = 0; r < TINYSSL_ROWS; r++) {
        rows[r] = p->feature + (f + r < filters ? f + r : filters - 1) * p->inputs;
        found[r] = 0;
    }
    add(rows, in, p->inputs, p->in_zero, found);
    for (int32_t r = 0; r < TINYSSL_ROWS; r++) {
        found[r] = tinyssl_requantise(found[r], p->state_multiplier, p->state_shift);
    }
}

/* Modulo 2^8, as TensorFlow Lite Micro stores it. */
static inline int8_t tinyssl_svdf_newest_s8(const struct tinyssl_svdf *p, int32_t x)
{
    return (int8_t)(uint8_t)(tinyssl_clamp(x, INT8_MIN, INT8_MAX) + p->state_zero);
}

static inline int16_t tinyssl_svdf_newest_s16(const struct tinyssl_svdf *p, int32_t x)
{
    (void)p;
    return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

/* Defines tinyssl_svdf_<name> by the type of the state. remember: moves a state of `memory` results on by
 * one, `newest`; returns its products with `time` added to a sum, modulo 2^32. add: a tinyssl_add_rows4. */
#define TINYSSL_SVDF_ROWS4(name, ending, type, remember, add)                                      \
    void tinyssl_svdf_##name(const int8_t *in, type *state, const struct tinyssl_svdf *p,          \
                             int8_t *out)                                                          \
    {                                                                                              \
        const int32_t filters = p->outputs * p->rank;                                              \
        for (int32_t b = 0; b < p->batches; b++, in += p->inputs) {                                \
            const type *time = (const type *)p->time;                                              \
            const int32_t *bias = p->bias;                                                         \
            int32_t sum = *bias++, left = p->rank, found[TINYSSL_ROWS];                            \
            for (int32_t f = 0; f < filters; f++) {                                                \
                if (f % TINYSSL_ROWS == 0) {                                                       \
                    tinyssl_svdf_results(p, in, f, filters, found, add);                           \
                }                                                                                  \
                const type newest = tinyssl_svdf_newest_##ending(p, found[f % TINYSSL_ROWS]);      \
                sum = remember(state, time, p->memory, newest, sum);                               \
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

#endif
