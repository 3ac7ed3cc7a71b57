#ifndef TINYSSL_DYNAMIC_UPDATE_SLICE_H
#define TINYSSL_DYNAMIC_UPDATE_SLICE_H

#include <stdint.h>

#include "copy.h"

/* A tensor with a smaller one over it, at a place that is known when it runs. */
struct tinyssl_dynamic_update_slice {
    int32_t bytes;              /* of the larger tensor */
    struct tinyssl_copy update; /* the smaller one into the larger one's first corner */
    int32_t rank;               /* axes, up to TINYSSL_COPY_LOOPS */
    int32_t wide;               /* 1: starts are int64, 0: int32 */
    int32_t
        last[TINYSSL_COPY_LOOPS]; /* largest start of an axis; what lies beyond is brought back */
    int32_t step[TINYSSL_COPY_LOOPS]; /* bytes from one index to the next */
};

/* in: the larger tensor, the smaller one, [rank] starts; out: may be the larger tensor itself. */
void tinyssl_dynamic_update_slice(const int8_t *const *in,
                                  const struct tinyssl_dynamic_update_slice *p, int8_t *const *out);

#endif
