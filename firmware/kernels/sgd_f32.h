/* One step of stochastic gradient descent, as torch.optim.SGD takes it (dampening 0). */
#ifndef TINYSSL_SGD_F32_H
#define TINYSSL_SGD_F32_H

#include <stdint.h>
#include <string.h>

#include "product_f32.h"

struct tinyssl_sgd {
    float momentum;     /* 0: no velocity is kept */
    float weight_decay; /* share of the parameter that joins its gradient */
    float clip;         /* largest size of a gradient; infinity: any */
};

static inline int tinyssl_is_finite(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7F800000u) != 0x7F800000u;
}

/* velocity: NULL without momentum. A step to no number is not taken. */
static inline void tinyssl_sgd_step(const struct tinyssl_sgd *p, float rate, float gradient,
                                    float *parameter, float *velocity)
{
    float step = gradient > p->clip ? p->clip : gradient;
    step = step < -p->clip ? -p->clip : step;
    step += tinyssl_product(p->weight_decay, *parameter);
    if (velocity != NULL) {
        step += tinyssl_product(p->momentum, *velocity);
    }
    const float next = *parameter - tinyssl_product(rate, step);
    if (tinyssl_is_finite(next)) {
        *parameter = next;
        if (velocity != NULL) {
            *velocity = step;
        }
    }
}

#endif
