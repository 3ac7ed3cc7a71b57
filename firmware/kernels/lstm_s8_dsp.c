#include "lstm_s8_dsp.h"

#include "lstm_rows4_dsp_rv32.h"
#include "rows4_dsp.h"

TINYSSL_ROWS4(add_products, int8_t, TINYSSL_PAIRS_S8, x[i])

void tinyssl_lstm_s8_dsp(const int8_t *in, int8_t *hidden, int16_t *state,
                         const struct tinyssl_lstm *p, int8_t *out)
{
    tinyssl_lstm_rows4(in, hidden, state, p, out, add_products);
}
