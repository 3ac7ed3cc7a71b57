#ifndef TINYSSL_FILL_H
#define TINYSSL_FILL_H

#include <stdint.h>

/* One value in all elements. */
struct tinyssl_fill {
    int32_t count; /* elements of the output */
    int32_t size;  /* bytes of an element: 1, 2, 4 or, for zeros, 8 */
    int32_t value; /* bits of the element */
};

/* out: a tensor of any element type. */
void tinyssl_fill(const struct tinyssl_fill *p, int8_t *out);

/* The same for an operator with an input, which is not read. */
void tinyssl_fill_like(const int8_t *in, const struct tinyssl_fill *p, int8_t *out);

#endif
