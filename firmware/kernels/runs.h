#ifndef TINYSSL_RUNS_H
#define TINYSSL_RUNS_H

#include "fast_copy.h"
#include <stdint.h>

/* Tensors side by side along an axis: in each round one run of bytes of each. */
struct tinyssl_runs {
    const int32_t
        *run;       /* [count][3]: bytes of a run, 0 where it lies in the whole already; bytes of
                         * a round before it; bytes from a run to the next in its own tensor */
    int32_t count;  /* tensors */
    int32_t rounds; /* product of the dimensions before the axis */
    int32_t pitch;  /* bytes from a round of the whole to the next */
};

enum { TINYSSL_RUN_BYTES, TINYSSL_RUN_START, TINYSSL_RUN_PITCH, TINYSSL_RUN };

/* All runs of one tensor: from the whole, or to it. */
static inline void tinyssl_move_runs(const int8_t *from, int32_t from_pitch, int8_t *to,
                                     int32_t to_pitch, int32_t bytes, int32_t rounds)
{
    if (bytes > 0) {
        for (; rounds > 0; rounds--, from += from_pitch, to += to_pitch) {
            tinyssl_fast_copy(to, from, (size_t)bytes);
        }
    }
}

#endif
