#include "lstm_s8_dsp.h"

#include <string.h>

#include "dsp.h"

/* Adds the products of one row of four matrices with a vector: four elements in 22 instructions. */
static void add_products(const int8_t *const rows[4], const int8_t *x, int32_t count,
                         int32_t sums[4])
{
    const int8_t *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint32_t word = tinyssl_load(x + i);
        const uint32_t even = tinyssl_sxtb16(word), odd = tinyssl_sxtb16_ror8(word);
        uint32_t weights = tinyssl_load(a + i);
        sum0 = tinyssl_smlad(tinyssl_sxtb16(weights), even, sum0);
        sum0 = tinyssl_smlad(tinyssl_sxtb16_ror8(weights), odd, sum0);
        weights = tinyssl_load(b + i);
        sum1 = tinyssl_smlad(tinyssl_sxtb16(weights), even, sum1);
        sum1 = tinyssl_smlad(tinyssl_sxtb16_ror8(weights), odd, sum1);
        weights = tinyssl_load(c + i);
        sum2 = tinyssl_smlad(tinyssl_sxtb16(weights), even, sum2);
        sum2 = tinyssl_smlad(tinyssl_sxtb16_ror8(weights), odd, sum2);
        weights = tinyssl_load(d + i);
        sum3 = tinyssl_smlad(tinyssl_sxtb16(weights), even, sum3);
        sum3 = tinyssl_smlad(tinyssl_sxtb16_ror8(weights), odd, sum3);
    }
    for (; i < count; i++) {
        sum0 += a[i] * x[i];
        sum1 += b[i] * x[i];
        sum2 += c[i] * x[i];
        sum3 += d[i] * x[i];
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

static int8_t output(const struct tinyssl_lstm *p, const int8_t *x, const int8_t *hidden, int32_t s,
                     int16_t *state)
{
    const struct tinyssl_lstm_gate *const gates[4] = {&p->forget, &p->in, &p->cell, &p->out};
    const int8_t *rows[4], *back_rows[4];
    int32_t sums[4], backs[4], found[4];
    for (int g = 0; g < 4; g++) {
        rows[g] = gates[g]->weight + s * p->inputs;
        back_rows[g] = gates[g]->recurrent + s * p->units;
        sums[g] = ((const int32_t *)gates[g]->start)[s];
        backs[g] = gates[g]->back[s];
    }
    add_products(rows, x, p->inputs, sums);
    add_products(back_rows, hidden, p->units, backs);
    for (int g = 0; g < 4; g++) {
        found[g] = tinyssl_lstm_joined(
            tinyssl_requantise(sums[g], gates[g]->multiplier, gates[g]->shift),
            tinyssl_requantise(backs[g], gates[g]->back_multiplier, gates[g]->back_shift));
    }
    return tinyssl_clamp(tinyssl_lstm_unit(p, found, state + s), INT8_MIN, INT8_MAX);
}

void tinyssl_lstm_s8_dsp(const int8_t *in, int8_t *hidden, int16_t *state,
                         const struct tinyssl_lstm *p, int8_t *out)
{
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t row = b * p->batch_rows + t * p->step_rows;
            const int8_t *x = in + row * p->inputs;
            int8_t *y = out + row * p->units;
            for (int32_t s = 0; s < p->units; s++) {
                y[s] = output(p, x, hidden, s, state);
            }
            memcpy(hidden, y, (size_t)p->units);
        }
        hidden += p->units;
        state += p->units;
    }
}
