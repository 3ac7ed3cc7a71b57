#ifndef TINYSSL_COPY_H
#define TINYSSL_COPY_H

#include <stdint.h>

#define TINYSSL_COPY_LOOPS 6

/* Elements of any type, moved by nested loops, the outermost first. Steps may be negative, or 0 where
 * the same elements are read again. */
struct tinyssl_copy {
    int32_t run;                       /* bytes that lie together in both tensors */
    int32_t in_start;                  /* bytes of the input before the first run */
    int32_t out_start;                 /* bytes of the output before it */
    int32_t count[TINYSSL_COPY_LOOPS]; /* rounds, 1 or more */
    int32_t in[TINYSSL_COPY_LOOPS];    /* bytes of the input from round to round */
    int32_t out[TINYSSL_COPY_LOOPS];   /* bytes of the output */
};

/* in and out: tensors of any element type; they must not overlap. */
void tinyssl_copy(const int8_t *in, const struct tinyssl_copy *p, int8_t *out);

#endif
