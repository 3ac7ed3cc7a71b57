#include "lstm_s8_mve.h"

#include "lanes_s16_mve.h"

enum { GATES = 4 };

/* Four units from s on; of fewer that are left, the last one again. */
struct units {
    int32_t at[TINYSSL_QUAD];
};

/* As tinyssl_requantise and tinyssl_lstm_saturate, of products of x with rows of `depth` weights. */
TINYSSL_INLINE tinyssl_quad scaled(const int8_t *weight, const int32_t *start, const int8_t *x,
                                   int32_t depth, const struct units *units, int32_t multiplier,
                                   int32_t shift)
{
    const int32_t *at = units->at;
    const int8_t *const rows[TINYSSL_QUAD] = {weight + at[0] * depth, weight + at[1] * depth,
                                              weight + at[2] * depth, weight + at[3] * depth};
    const tinyssl_quad from = tinyssl_lanes(start[at[0]], start[at[1]], start[at[2]], start[at[3]]);
    const tinyssl_quad sums = tinyssl_add(tinyssl_dot_1x4(x, rows, depth), from);
    const tinyssl_quad y = tinyssl_requantise_quad(sums, multiplier, shift);
    return tinyssl_clamp_quad(y, tinyssl_dup(INT16_MIN), tinyssl_dup(INT16_MAX));
}

/* As tinyssl_lstm_joined. */
TINYSSL_INLINE tinyssl_quad joined(tinyssl_quad input, tinyssl_quad back)
{
    const tinyssl_quad both = tinyssl_clamp_quad(tinyssl_add(input, back), tinyssl_dup(INT16_MIN),
                                                 tinyssl_dup(INT16_MAX));
    return tinyssl_add(both, tinyssl_add(both, both));
}

/* Four new outputs from s on, or fewer that are left. */
TINYSSL_INLINE void quad(const struct tinyssl_lstm *p, const int8_t *x, const int8_t *hidden,
                         int32_t s, int16_t *state, int8_t *out)
{
    const struct tinyssl_lstm_gate *const gates[GATES] = {&p->forget, &p->in, &p->cell, &p->out};
    struct units units;
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        units.at[i] = s + i < p->units ? s + i : p->units - 1;
    }
    int32_t found[GATES][TINYSSL_QUAD];
    for (int32_t g = 0; g < GATES; g++) {
        const struct tinyssl_lstm_gate *gate = gates[g];
        const tinyssl_quad input = scaled(gate->weight, (const int32_t *)gate->start, x, p->inputs,
                                          &units, gate->multiplier, gate->shift);
        const tinyssl_quad back = scaled(gate->recurrent, gate->back, hidden, p->units, &units,
                                         gate->back_multiplier, gate->back_shift);
        tinyssl_store_lanes(found[g], joined(input, back));
    }
    for (int32_t i = 0; i < TINYSSL_QUAD && s + i < p->units; i++) {
        const int32_t own[GATES] = {found[0][i], found[1][i], found[2][i], found[3][i]};
        const int32_t y = tinyssl_lstm_unit(p, own, state + s + i);
        out[s + i] = tinyssl_clamp(y, INT8_MIN, INT8_MAX);
    }
}

void tinyssl_lstm_s8_mve(const int8_t *in, int8_t *hidden, int16_t *state,
                         const struct tinyssl_lstm *p, int8_t *out)
{
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t row = b * p->batch_rows + t * p->step_rows;
            int8_t *y = out + row * p->units;
            for (int32_t s = 0; s < p->units; s += TINYSSL_QUAD) {
                quad(p, in + row * p->inputs, hidden, s, state, y);
            }
            tinyssl_mve_copy(hidden, y, p->units);
        }
        hidden += p->units;
        state += p->units;
    }
}
