#ifndef TINYSSL_ADD_ANY_S8_DSP_H
#define TINYSSL_ADD_ANY_S8_DSP_H

#include "add_s8_dsp.h"
#include "broadcast.h"

/* Elementwise sum with broadcasting, as one affine function of both inputs. */
struct tinyssl_add_any_dsp {
    struct tinyssl_sides sides;
    struct tinyssl_add_dsp sum; /* its size is not used */
};

/* in: the inputs that are no constants; out: one. It may be an input of its size. */
void tinyssl_add_any_s8_dsp(const int8_t *const *in, const struct tinyssl_add_any_dsp *p,
                            int8_t *const *out);

#endif
