#include "reduce.h"

#include "fixed_point.h"

static int32_t rounds(const struct tinyssl_walk *walk)
{
    return walk->count[0] * walk->count[1] * walk->count[2];
}

/* Rounds of the two outer loops: each is a row, walked by the innermost loop. */
static int32_t rows(const struct tinyssl_walk *walk)
{
    return walk->count[0] * walk->count[1];
}

static int32_t row_start(const struct tinyssl_walk *walk, int32_t row)
{
    const int32_t outer = row / walk->count[1];
    return outer * walk->step[0] + (row - outer * walk->count[1]) * walk->step[1];
}

/* Elements before the first input of an output. */
static int32_t first(const struct tinyssl_reduce *loops, int32_t output)
{
    const struct tinyssl_walk *const kept = &loops->kept;
    const int32_t row = output / kept->count[2];
    return row_start(kept, row) + (output - row * kept->count[2]) * kept->step[2];
}

static int32_t total_s8(const int8_t *in, const struct tinyssl_walk *walk, int32_t zero)
{
    int32_t total = 0;
    for (int32_t row = 0; row < rows(walk); row++) {
        const int8_t *x = in + row_start(walk, row);
        for (int32_t i = 0; i < walk->count[2]; i++) {
            total += *x - zero;
            x += walk->step[2];
        }
    }
    return total;
}

static int32_t total_s16(const int16_t *in, const struct tinyssl_walk *walk)
{
    int32_t total = 0;
    for (int32_t row = 0; row < rows(walk); row++) {
        const int16_t *x = in + row_start(walk, row);
        for (int32_t i = 0; i < walk->count[2]; i++) {
            total += *x;
            x += walk->step[2];
        }
    }
    return total;
}

static float total_f32(const float *in, const struct tinyssl_walk *walk)
{
    float total = 0.0F;
    for (int32_t row = 0; row < rows(walk); row++) {
        const float *x = in + row_start(walk, row);
        for (int32_t i = 0; i < walk->count[2]; i++) {
            total += *x;
            x += walk->step[2];
        }
    }
    return total;
}

void tinyssl_sum_s8(const int8_t *in, const struct tinyssl_sum *p, int8_t *out)
{
    for (int32_t i = 0; i < rounds(&p->loops.kept); i++) {
        const int32_t x = total_s8(in + first(&p->loops, i), &p->loops.reduced, p->in_zero);
        const int32_t y = tinyssl_requantise(x, p->multiplier, p->shift) + p->out_zero;
        out[i] = tinyssl_clamp(y, INT8_MIN, INT8_MAX);
    }
}

void tinyssl_sum_s16(const int16_t *in, const struct tinyssl_sum *p, int16_t *out)
{
    for (int32_t i = 0; i < rounds(&p->loops.kept); i++) {
        const int32_t x = total_s16(in + first(&p->loops, i), &p->loops.reduced);
        const int32_t y = tinyssl_requantise(x, p->multiplier, p->shift);
        out[i] = (int16_t)(y < INT16_MIN ? INT16_MIN : y > INT16_MAX ? INT16_MAX : y);
    }
}

void tinyssl_sum_f32(const float *in, const struct tinyssl_sum_f32 *p, float *out)
{
    for (int32_t i = 0; i < rounds(&p->loops.kept); i++) {
        out[i] = total_f32(in + first(&p->loops, i), &p->loops.reduced) / p->divisor;
    }
}

/* The smallest x is the complement of the largest complement: x ^ -1. */
void tinyssl_extreme_s8(const int8_t *in, const struct tinyssl_extreme *p, int8_t *out)
{
    const struct tinyssl_walk *const walk = &p->loops.reduced;
    for (int32_t i = 0; i < rounds(&p->loops.kept); i++) {
        int32_t found = INT8_MIN;
        for (int32_t row = 0; row < rows(walk); row++) {
            const int8_t *x = in + first(&p->loops, i) + row_start(walk, row);
            for (int32_t j = 0; j < walk->count[2]; j++) {
                const int32_t y = *x ^ p->flip;
                found = y > found ? y : found;
                x += walk->step[2];
            }
        }
        out[i] = (int8_t)(found ^ p->flip);
    }
}

/* A NaN is never taken, an infinity only where it is the larger one: the search begins with the
 * least finite number. */
void tinyssl_extreme_f32(const float *in, const struct tinyssl_extreme *p, float *out)
{
    const struct tinyssl_walk *const walk = &p->loops.reduced;
    const float sign = p->flip ? -1.0F : 1.0F;
    for (int32_t i = 0; i < rounds(&p->loops.kept); i++) {
        float found = -0x1.fffffep127F;
        for (int32_t row = 0; row < rows(walk); row++) {
            const float *x = in + first(&p->loops, i) + row_start(walk, row);
            for (int32_t j = 0; j < walk->count[2]; j++) {
                const float y = sign * *x;
                found = y > found ? y : found;
                x += walk->step[2];
            }
        }
        out[i] = sign * found;
    }
}

void tinyssl_extreme_bool(const uint8_t *in, const struct tinyssl_extreme *p, uint8_t *out)
{
    tinyssl_extreme_s8((const int8_t *)in, p, (int8_t *)out);
}
