#ifndef TINYSSL_CONCATENATION_H
#define TINYSSL_CONCATENATION_H

#include "runs.h"

struct tinyssl_constant_runs {
    struct tinyssl_runs runs;
    const uint8_t *constants; /* the parts that are known, one after the other */
    const int32_t *starts;    /* [count] bytes before a part; -1: it is the next of the inputs */
};

/* in: [count] tensors of any element type; out: one. */
void tinyssl_concatenation(const int8_t *const *in, const struct tinyssl_runs *p,
                           int8_t *const *out);
/* in: [count] less the constants. */
void tinyssl_concatenation_constants(const int8_t *const *in, const struct tinyssl_constant_runs *p,
                                     int8_t *const *out);

#endif
