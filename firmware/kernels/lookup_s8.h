#ifndef TINYSSL_LOOKUP_S8_H
#define TINYSSL_LOOKUP_S8_H

#include <stdint.h>

/* Any function of one int8. */
struct tinyssl_lookup {
    int32_t size;        /* elements */
    const int8_t *table; /* [256]: the output of q is at q + 128 */
};

/* in, out: [size]; they may be the same. */
void tinyssl_lookup_s8(const int8_t *in, const struct tinyssl_lookup *p, int8_t *out);

#endif
