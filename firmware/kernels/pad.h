#ifndef TINYSSL_PAD_H
#define TINYSSL_PAD_H

#include "copy.h"
#include "fill.h"

/* One value around a tensor, along any axes. */
struct tinyssl_pad_axes {
    struct tinyssl_fill fill; /* the whole output */
    struct tinyssl_copy copy; /* the input to its place in it */
};

/* in and out: tensors of one element type; they must not overlap. */
void tinyssl_pad(const int8_t *in, const struct tinyssl_pad_axes *p, int8_t *out);

#endif
