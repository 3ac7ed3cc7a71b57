#include "lstm.h"

#include <string.h>

#include "fixed_point.h"
#include "sigmoid_s16.h"

static int32_t saturate(int32_t x)
{
    return x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x;
}

static int32_t product(const struct tinyssl_lstm_product *p, int32_t a, int32_t b)
{
    return tinyssl_requantise(a * b, p->multiplier, p->shift);
}

/* A gate before its function, of both sums in its scale. */
static int32_t joined(int32_t input, int32_t back)
{
    return 3 * saturate(saturate(input) + saturate(back));
}

/* Moves one unit's state on; returns its new output before the clamp. `gates`: forget, in, cell, out
 * as `joined` gives them. */
static int32_t unit(const struct tinyssl_lstm *p, const int32_t gates[4], int16_t *state)
{
    const int32_t kept = saturate(
        product(&p->kept, tinyssl_logistic_of(p->table, gates[0]), *state));
    const int32_t added = saturate(product(&p->added, tinyssl_logistic_of(p->table, gates[1]),
                                           tinyssl_tanh_of(p->table, gates[2])));
    int32_t c = saturate(kept + added);
    c = c < p->state_min ? p->state_min : c > p->state_max ? p->state_max : c;
    *state = (int16_t)c;
    const int32_t half = p->state_shift > 0 ? INT32_C(1) << (p->state_shift - 1) : 0;
    const int32_t x = (c * p->state_multiplier + half) >> p->state_shift;
    return product(&p->shown, tinyssl_tanh_of(p->table, x),
                   tinyssl_logistic_of(p->table, gates[3])) +
           p->out_zero;
}

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
    return joined(tinyssl_requantise(sum, gate->multiplier, gate->shift),
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
    return joined(tinyssl_requantise_wide(sum, gate->multiplier, gate->shift),
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
                y[s] = tinyssl_clamp(unit(p, found, state + s), INT8_MIN, INT8_MAX);
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
                y[s] = (int16_t)saturate(unit(p, found, state + s));
            }
            memcpy(hidden, y, (size_t)p->units * sizeof(*hidden));
        }
        hidden += p->units;
        state += p->units;
    }
}
