#ifndef TINYSSL_PAD_H
#define TINYSSL_PAD_H

#include "copy.h"

/* One value around a tensor, along any axes. */
struct tinyssl_pad_axes {
    struct tinyssl_copy copy; /* the input to its place in the output */
    int32_t count;            /* elements of the output */
    int32_t size;             /* bytes of an element: 1, 2 or 4 */
    int32_t value;            /* bits of the element that fills */
};

/* in and out: tensors of one element type; they must not overlap. */
void tinyssl_pad(const int8_t *in, const struct tinyssl_pad_axes *p, int8_t *out);

#endif
