/* One step of stochastic gradient descent, as torch.optim.SGD takes it (dampening 0). */
#ifndef TINYSSL_SGD_F32_H
#define TINYSSL_SGD_F32_H

#include <stddef.h>
#include <stdint.h>

#include "float_bits.h"
#include "product_f32.h"

struct tinyssl_sgd {
    float momentum;     /* 0: no velocity is kept */
    float weight_decay; /* share of the parameter that joins its gradient */
    float clip;         /* largest size of a gradient; infinity: any */
};

/* The velocity of a parameter; NULL without momentum. */
static inline float *tinyssl_at(float *velocities, int32_t at)
{
    return velocities == NULL ? NULL : velocities + at;
}

/* Whether a step is the gradient times the rate. */
static inline int tinyssl_sgd_is_plain(const struct tinyssl_sgd *p)
{
    return p->momentum == 0.0f && p->weight_decay == 0.0f && !tinyssl_is_finite(p->clip);
}

/* velocity: NULL without momentum. A step to no number is not taken. */
static inline void tinyssl_sgd_step(const struct tinyssl_sgd *p, float rate, float gradient,
                                    float *parameter, float *velocity)
{
    float step = gradient;
    if (!tinyssl_sgd_is_plain(p)) {
        step = gradient > p->clip ? p->clip : gradient;
        step = step < -p->clip ? -p->clip : step;
        step = tinyssl_add_product(step, p->weight_decay, *parameter);
        if (velocity != NULL) {
            step = tinyssl_add_product(step, p->momentum, *velocity);
        }
    }
    const float next = tinyssl_subtract_product(*parameter, rate, step);
    if (tinyssl_is_finite(next)) {
        *parameter = next;
        if (velocity != NULL) {
            *velocity = step;
        }
    }
}

#endif
