#include "lstm_s8_rv32.h"

#include "lstm_rows4_dsp_rv32.h"
#include "rows4_rv32.h"

void tinyssl_lstm_s8_rv32(const int8_t *in, int8_t *hidden, int16_t *state,
                          const struct tinyssl_lstm *p, int8_t *out)
{
    tinyssl_lstm_rows4(in, hidden, state, p, out, tinyssl_add_rows4_rv32);
}
