/* The parameters of an LSTM layer, and what a unit does with the sums of its gates. */
#ifndef TINYSSL_LSTM_UNIT_H
#define TINYSSL_LSTM_UNIT_H

#include <stdint.h>

#include "fixed_point.h"
#include "sigmoid_s16.h"

/* One of the four gates: what the input and the last output add to it, in Q3.12. */
struct tinyssl_lstm_gate {
    const int8_t *weight;    /* [units][inputs] */
    const int8_t *recurrent; /* [units][units] */
    const void *start;       /* [units] bias without the input's zero point; int64 for int16 */
    const int32_t *back;     /* [units] what the last output's zero point takes off the sum */
    int32_t multiplier, back_multiplier; /* 0 or [2^30, 2^31), Q31 */
    int16_t shift, back_shift;           /* [-31, 30]; up to 7 for int16 */
};

/* Product of two int16 to another scale. */
struct tinyssl_lstm_product {
    int32_t multiplier; /* 0 or [2^30, 2^31), Q31 */
    int16_t shift;      /* [-31, 0] */
};

/* A layer of units that remember: c = forget * c + in * cell; h = out * tanh(c). */
struct tinyssl_lstm {
    struct tinyssl_lstm_gate forget, in, cell, out;
    struct tinyssl_lstm_product kept, added, shown; /* to the state, to the state, to the output */
    const uint16_t *table;                          /* [256]: sigmoid, see sigmoid_s16.h */
    int32_t inputs, units;
    int32_t batches, steps;        /* of time */
    int32_t batch_rows, step_rows; /* rows of input and output from one to the next */
    int32_t state_multiplier;      /* state to 3 * real * 2^12, with 2^state_shift in it */
    int16_t state_shift;           /* [0, 30], to the right */
    int16_t state_min, state_max;  /* the state is clipped to it */
    int16_t out_zero;              /* zero point of the output; 0 for int16 */
};

static inline int32_t tinyssl_lstm_saturate(int32_t x)
{
    return x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x;
}

static inline int32_t tinyssl_lstm_times(const struct tinyssl_lstm_product *p, int32_t a, int32_t b)
{
    return tinyssl_shift_right(tinyssl_high_product(a * b, p->multiplier), -p->shift);
}

/* A gate before its function, of both sums in its scale. */
static inline int32_t tinyssl_lstm_joined(int32_t input, int32_t back)
{
    return 3 * tinyssl_lstm_saturate(tinyssl_lstm_saturate(input) + tinyssl_lstm_saturate(back));
}

/* Moves one unit's state on; returns its new output before the clamp. `gates`: forget, in, cell, out
 * as `joined` gives them. */
static inline int32_t tinyssl_lstm_unit(const struct tinyssl_lstm *p, const int32_t gates[4],
                                        int16_t *state)
{
    const int32_t forget = tinyssl_logistic_of(p->table, gates[0]);
    const int32_t in = tinyssl_logistic_of(p->table, gates[1]);
    const int32_t cell = tinyssl_tanh_of(p->table, gates[2]);
    const int32_t kept = tinyssl_lstm_saturate(tinyssl_lstm_times(&p->kept, forget, *state));
    const int32_t added = tinyssl_lstm_saturate(tinyssl_lstm_times(&p->added, in, cell));
    int32_t c = tinyssl_lstm_saturate(kept + added);
    c = c < p->state_min ? p->state_min : c > p->state_max ? p->state_max : c;
    *state = (int16_t)c;
    const int32_t half = p->state_shift > 0 ? INT32_C(1) << (p->state_shift - 1) : 0;
    const int32_t x = (c * p->state_multiplier + half) >> p->state_shift;
    const int32_t out = tinyssl_logistic_of(p->table, gates[3]);
    return tinyssl_lstm_times(&p->shown, tinyssl_tanh_of(p->table, x), out) + p->out_zero;
}

#endif
