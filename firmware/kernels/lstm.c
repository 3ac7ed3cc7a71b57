#include "lstm.h"

#include <string.h>

static int32_t gate_s8(const struct tinyssl_lstm *p, const struct tinyssl_lstm_gate *gate,
                       const int8_t *in, const int8_t *hidden, int32_t s)
{
    const int8_t *weight = gate->weight + s * p->inputs;
    const int8_t *recurrent = gate->recurrent + s * p->units;
    int32_t sum = ((const int32_t *)gate->start)[s], back = gate->back[s];
    for (int32_t i = 0; i < p->inputs; i++) {
        sum += weight[i] * in[i];
    }
    for (int32_t i = 0; i < p->units; i++) {
        back += recurrent[i] * hidden[i];
    }
    return tinyssl_lstm_joined(tinyssl_requantise(sum, gate->multiplier, gate->shift),
                               tinyssl_requantise(back, gate->back_multiplier, gate->back_shift));
}

static int32_t gate_s16(const struct tinyssl_lstm *p, const struct tinyssl_lstm_gate *gate,
                        const int16_t *in, const int16_t *hidden, int32_t s)
{
    const int8_t *weight = gate->weight + s * p->inputs;
    const int8_t *recurrent = gate->recurrent + s * p->units;
    int64_t sum = ((const int64_t *)gate->start)[s], back = 0;
    for (int32_t i = 0; i < p->inputs; i++) {
        sum += weight[i] * in[i];
    }
    for (int32_t i = 0; i < p->units; i++) {
        back += recurrent[i] * hidden[i];
    }
    return tinyssl_lstm_joined(
        tinyssl_requantise_wide(sum, gate->multiplier, gate->shift),
        tinyssl_requantise_wide(back, gate->back_multiplier, gate->back_shift));
}

void tinyssl_lstm_s8(const int8_t *in, int8_t *hidden, int16_t *state, const struct tinyssl_lstm *p,
                     int8_t *out)
{
    const struct tinyssl_lstm_gate *const gates[4] = {&p->forget, &p->in, &p->cell, &p->out};
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t row = b * p->batch_rows + t * p->step_rows;
            const int8_t *x = in + row * p->inputs;
            int8_t *y = out + row * p->units;
            for (int32_t s = 0; s < p->units; s++) {
                int32_t found[4];
                for (int g = 0; g < 4; g++) {
                    found[g] = gate_s8(p, gates[g], x, hidden, s);
                }
                y[s] = tinyssl_clamp(tinyssl_lstm_unit(p, found, state + s), INT8_MIN, INT8_MAX);
            }
            memcpy(hidden, y, (size_t)p->units);
        }
        hidden += p->units;
        state += p->units;
    }
}

void tinyssl_lstm_s16(const int16_t *in, int16_t *hidden, int16_t *state,
                      const struct tinyssl_lstm *p, int16_t *out)
{
    const struct tinyssl_lstm_gate *const gates[4] = {&p->forget, &p->in, &p->cell, &p->out};
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t row = b * p->batch_rows + t * p->step_rows;
            const int16_t *x = in + row * p->inputs;
            int16_t *y = out + row * p->units;
            for (int32_t s = 0; s < p->units; s++) {
                int32_t found[4];
                for (int g = 0; g < 4; g++) {
                    found[g] = gate_s16(p, gates[g], x, hidden, s);
                }
                y[s] = (int16_t)tinyssl_lstm_saturate(tinyssl_lstm_unit(p, found, state + s));
            }
            memcpy(hidden, y, (size_t)p->units * sizeof(*hidden));
        }
        hidden += p->units;
        state += p->units;
    }
}
