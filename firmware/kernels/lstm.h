#ifndef TINYSSL_LSTM_H
#define TINYSSL_LSTM_H

#include <stdint.h>

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
    int32_t batches, steps;          /* of time */
    int32_t batch_rows, step_rows;   /* rows of input and output from one to the next */
    int32_t state_multiplier;        /* state to 3 * real * 2^12, with 2^state_shift in it */
    int16_t state_shift;             /* [0, 30], to the right */
    int16_t state_min, state_max;    /* the state is clipped to it */
    int16_t out_zero;                /* zero point of the output; 0 for int16 */
};

/* in: [rows][inputs]; hidden, state: [batches][units], moved on by `steps`; out: [rows][units],
 * apart from all of them. */
void tinyssl_lstm_s8(const int8_t *in, int8_t *hidden, int16_t *state, const struct tinyssl_lstm *p,
                     int8_t *out);
void tinyssl_lstm_s16(const int16_t *in, int16_t *hidden, int16_t *state,
                      const struct tinyssl_lstm *p, int16_t *out);

#endif
