#ifndef TINYSSL_SPREAD_H
#define TINYSSL_SPREAD_H

#include <stdint.h>

/* Where a row or column of an input spread by `up`, zeros between, lies in the input of `size`; -1
 * for a zero or the padding. */
static inline int32_t tinyssl_spread_source(int32_t at, int32_t up, int32_t size)
{
    if (at < 0 || (up > 1 && at % up != 0)) {
        return -1;
    }
    return at / up < size ? at / up : -1;
}

#endif
