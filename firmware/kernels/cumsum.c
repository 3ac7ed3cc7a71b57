#include "cumsum.h"

#include "fixed_point.h"

#define UNIT (1 << 19) /* an input's step */

/* Elements before place `i` of a line. */
static int32_t place(const struct tinyssl_cumsum *p, int32_t i)
{
    return (p->reverse ? p->length - 1 - i : i) * p->inners;
}

static int8_t output(const struct tinyssl_cumsum *p, int32_t sum)
{
    const int32_t y = tinyssl_requantise(sum, p->multiplier, p->shift) + p->out_zero;
    return (int8_t)(y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y);
}

/* A sum begins with the negative zero point, as in TensorFlow Lite Micro. */
void tinyssl_cumsum_s8(const int8_t *in, const struct tinyssl_cumsum *p, int8_t *out)
{
    for (int32_t outer = 0; outer < p->outers; outer++) {
        for (int32_t inner = 0; inner < p->inners; inner++) {
            const int32_t start = outer * p->length * p->inners + inner;
            int32_t sum = -p->in_zero * UNIT;
            for (int32_t i = 0; i < p->length; i++) {
                const int32_t at = start + place(p, i);
                const int32_t before = sum;
                sum += (in[at] - p->in_zero) * UNIT;
                out[at] = output(p, p->exclusive ? before : sum);
            }
        }
    }
}

void tinyssl_cumsum_f32(const float *in, const struct tinyssl_cumsum *p, float *out)
{
    for (int32_t outer = 0; outer < p->outers; outer++) {
        for (int32_t inner = 0; inner < p->inners; inner++) {
            const int32_t start = outer * p->length * p->inners + inner;
            float sum = 0.0f;
            for (int32_t i = 0; i < p->length; i++) {
                const int32_t at = start + place(p, i);
                const float before = sum;
                sum += in[at];
                out[at] = p->exclusive ? before : sum;
            }
        }
    }
}
