#ifndef TINYSSL_LSTM_S8_DSP_H
#define TINYSSL_LSTM_S8_DSP_H

#include "lstm_unit.h"

/* tinyssl_lstm_s8 with two products an instruction; the four gates share what they read. */
void tinyssl_lstm_s8_dsp(const int8_t *in, int8_t *hidden, int16_t *state,
                         const struct tinyssl_lstm *p, int8_t *out);

#endif
