#ifndef TINYSSL_LSTM_S8_RV32_H
#define TINYSSL_LSTM_S8_RV32_H

#include "lstm_unit.h"

/* As tinyssl_lstm_s8; the four gates share what they read. */
void tinyssl_lstm_s8_rv32(const int8_t *in, int8_t *hidden, int16_t *state,
                          const struct tinyssl_lstm *p, int8_t *out);

#endif
