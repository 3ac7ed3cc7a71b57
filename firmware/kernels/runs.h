#ifndef TINYSSL_RUNS_H
#define TINYSSL_RUNS_H

#include <stdint.h>

/* Tensors side by side along an axis: in each round one run of bytes of each. */
struct tinyssl_runs {
    const int32_t *bytes; /* [count], of a run */
    int32_t count;        /* tensors */
    int32_t rounds;       /* product of the dimensions before the axis */
};

#endif
