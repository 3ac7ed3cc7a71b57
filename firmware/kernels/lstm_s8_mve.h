#ifndef TINYSSL_LSTM_S8_MVE_H
#define TINYSSL_LSTM_S8_MVE_H

#include "lstm_unit.h"

/* tinyssl_lstm_s8; sums of four units at a time. */
void tinyssl_lstm_s8_mve(const int8_t *in, int8_t *hidden, int16_t *state,
                         const struct tinyssl_lstm *p, int8_t *out);

#endif
