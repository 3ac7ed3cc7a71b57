/* An LSTM layer of int8 whose four gates share what they read. */
#ifndef TINYSSL_LSTM_ROWS4_DSP_RV32_H
#define TINYSSL_LSTM_ROWS4_DSP_RV32_H

#include <string.h>

#include "dsp.h"
#include "lstm_unit.h"
#include "rows4.h"

/* What tinyssl_requantise does with every sum of a gate, prepared. */
struct tinyssl_lstm_scale {
    int32_t multiplier;
    int32_t up;   /* left shift, one more than its own, as tinyssl_smmlar halves */
    int32_t half; /* of what the right shift takes away */
    int32_t sign; /* 1 where there is a right shift, else 0: halves go away from zero */
    int32_t down; /* right shift */
};

static inline struct tinyssl_lstm_scale tinyssl_lstm_scale_of(int32_t multiplier, int32_t shift)
{
    const int32_t down = shift < 0 ? -shift : 0;
    const struct tinyssl_lstm_scale scale = {
        .multiplier = multiplier,
        .up = shift > 0 ? shift + 1 : 1,
        .half = down ? INT32_C(1) << (down - 1) : 0,
        .sign = down ? 1 : 0,
        .down = down,
    };
    return scale;
}

/* As tinyssl_requantise; x * 2^up fits 32 bits, the generator proves it. */
static inline int32_t tinyssl_lstm_scaled(int32_t x, const struct tinyssl_lstm_scale *scale)
{
    const int32_t product = tinyssl_smmlar(tinyssl_lsl(x, scale->up), scale->multiplier, 0);
    const int32_t away = (int32_t)((uint32_t)product >> 31) & scale->sign;
    return tinyssl_asr(product + scale->half - away, scale->down);
}

/* Scales of the gates' sums with the input and with the last output. */
struct tinyssl_lstm_scales {
    struct tinyssl_lstm_scale input[4], back[4];
};

static inline int8_t tinyssl_lstm_output_s8(const struct tinyssl_lstm *p,
                                            const struct tinyssl_lstm_scales *scales,
                                            const int8_t *x, const int8_t *hidden, int32_t s,
                                            int16_t *state, tinyssl_add_rows4 *add)
{
    const struct tinyssl_lstm_gate *const gates[4] = {&p->forget, &p->in, &p->cell, &p->out};
    const int8_t *rows[4], *back_rows[4];
    int32_t sums[4], backs[4], found[4];
    for (int g = 0; g < 4; g++) {
        rows[g] = gates[g]->weight + s * p->inputs;
        back_rows[g] = gates[g]->recurrent + s * p->units;
        sums[g] = ((const int32_t *)gates[g]->start)[s];
        backs[g] = gates[g]->back[s];
    }
    add(rows, x, p->inputs, 0, sums);
    add(back_rows, hidden, p->units, 0, backs);
    for (int g = 0; g < 4; g++) {
        found[g] = tinyssl_lstm_joined(tinyssl_lstm_scaled(sums[g], &scales->input[g]),
                                       tinyssl_lstm_scaled(backs[g], &scales->back[g]));
    }
    return tinyssl_clamp(tinyssl_lstm_unit(p, found, state + s), INT8_MIN, INT8_MAX);
}

/* The layer; `add` is what an instruction set has. */
static inline void tinyssl_lstm_rows4(const int8_t *in, int8_t *hidden, int16_t *state,
                                      const struct tinyssl_lstm *p, int8_t *out,
                                      tinyssl_add_rows4 *add)
{
    const struct tinyssl_lstm_gate *const gates[4] = {&p->forget, &p->in, &p->cell, &p->out};
    struct tinyssl_lstm_scales scales;
    for (int g = 0; g < 4; g++) {
        scales.input[g] = tinyssl_lstm_scale_of(gates[g]->multiplier, gates[g]->shift);
        scales.back[g] = tinyssl_lstm_scale_of(gates[g]->back_multiplier, gates[g]->back_shift);
    }
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t row = b * p->batch_rows + t * p->step_rows;
            const int8_t *x = in + row * p->inputs;
            int8_t *y = out + row * p->units;
            for (int32_t s = 0; s < p->units; s++) {
                y[s] = tinyssl_lstm_output_s8(p, &scales, x, hidden, s, state, add);
            }
            memcpy(hidden, y, (size_t)p->units);
        }
        hidden += p->units;
        state += p->units;
    }
}

#endif
