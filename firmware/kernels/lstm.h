#ifndef TINYSSL_LSTM_H
#define TINYSSL_LSTM_H

#include <stdint.h>

#include "lstm_unit.h"

/* in: [rows][inputs]; hidden, state: [batches][units], moved on by `steps`; out: [rows][units],
 * apart from all of them. */
void tinyssl_lstm_s8(const int8_t *in, int8_t *hidden, int16_t *state, const struct tinyssl_lstm *p,
                     int8_t *out);
void tinyssl_lstm_s16(const int16_t *in, int16_t *hidden, int16_t *state,
                      const struct tinyssl_lstm *p, int16_t *out);

#endif
