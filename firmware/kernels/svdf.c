#include "svdf.h"

#include <string.h>

#include "fixed_point.h"

/* A filter's new result, before the clamp to the state's type. */
static int32_t result(const struct tinyssl_svdf *p, const int8_t *in, int32_t filter)
{
    const int8_t *weight = p->feature + filter * p->inputs;
    int32_t sum = 0;
    for (int32_t i = 0; i < p->inputs; i++) {
        sum += weight[i] * (in[i] - p->in_zero);
    }
    return tinyssl_requantise(sum, p->state_multiplier, p->state_shift);
}

static int8_t output(const struct tinyssl_svdf *p, uint32_t sum)
{
    const int32_t x = tinyssl_requantise((int32_t)sum, p->out_multiplier, p->out_shift);
    return tinyssl_clamp(x + p->out_zero, INT8_MIN, INT8_MAX);
}

/* Sums are unsigned: a state that was written from outside may overflow them. */

static int8_t *row_s8(const struct tinyssl_svdf *p, const int8_t *in, int8_t *state, int8_t *out)
{
    const int8_t *time = (const int8_t *)p->time;
    for (int32_t o = 0; o < p->outputs; o++) {
        uint32_t sum = (uint32_t)p->bias[o];
        for (int32_t r = 0; r < p->rank; r++) {
            memmove(state, state + 1, (size_t)(p->memory - 1));
            /* Modulo 2^8, as TensorFlow Lite Micro stores it. */
            const int32_t x = tinyssl_clamp(result(p, in, o * p->rank + r), INT8_MIN, INT8_MAX);
            state[p->memory - 1] = (int8_t)(uint8_t)(x + p->state_zero);
            for (int32_t m = 0; m < p->memory; m++) {
                sum += (uint32_t)(*time++ * *state++);
            }
        }
        out[o] = output(p, sum);
    }
    return state;
}

static int16_t *row_s16(const struct tinyssl_svdf *p, const int8_t *in, int16_t *state, int8_t *out)
{
    const int16_t *time = (const int16_t *)p->time;
    for (int32_t o = 0; o < p->outputs; o++) {
        uint32_t sum = (uint32_t)p->bias[o];
        for (int32_t r = 0; r < p->rank; r++) {
            const int32_t x = result(p, in, o * p->rank + r);
            memmove(state, state + 1, (size_t)(p->memory - 1) * sizeof(*state));
            state[p->memory - 1] = (int16_t)(x < INT16_MIN   ? INT16_MIN
                                             : x > INT16_MAX ? INT16_MAX
                                                             : x);
            for (int32_t m = 0; m < p->memory; m++) {
                sum += (uint32_t)(*time++ * *state++);
            }
        }
        out[o] = output(p, sum);
    }
    return state;
}

void tinyssl_svdf_s8(const int8_t *in, int8_t *state, const struct tinyssl_svdf *p, int8_t *out)
{
    for (int32_t b = 0; b < p->batches; b++) {
        state = row_s8(p, in + b * p->inputs, state, out + b * p->outputs);
    }
}

void tinyssl_svdf_s8_s16(const int8_t *in, int16_t *state, const struct tinyssl_svdf *p,
                         int8_t *out)
{
    for (int32_t b = 0; b < p->batches; b++) {
        state = row_s16(p, in + b * p->inputs, state, out + b * p->outputs);
    }
}
