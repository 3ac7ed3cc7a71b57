/* The loops of the kernels of MUL, whose parameters are in mul.h. */
#ifndef TINYSSL_MUL_LOOPS_H
#define TINYSSL_MUL_LOOPS_H

#include <stdint.h>

#include "broadcast.h"

/* Defines `function` of elements of a type; value: the output as an expression of x of the left input,
 * y of the right one, and the parameters p. */
#define TINYSSL_MUL(function, type, value)                                                         \
    void function(const type *left, const type *right, const struct tinyssl_mul *given, type *out) \
    {                                                                                              \
        const struct tinyssl_mul own = *given; /* no output can change it */                       \
        const struct tinyssl_mul *const p = &own;                                                  \
        const struct tinyssl_broadcast *const loops = &p->loops;                                   \
        for (int32_t a = 0; a < loops->count[0]; a++) {                                            \
            for (int32_t b = 0; b < loops->count[1]; b++) {                                        \
                for (int32_t c = 0; c < loops->count[2]; c++) {                                    \
                    const type *from = left + tinyssl_broadcast_start(loops->left, a, b, c);       \
                    const type *by = right + tinyssl_broadcast_start(loops->right, a, b, c);       \
                    for (int32_t d = 0; d < loops->count[3]; d++) {                                \
                        const int32_t x = *from, y = *by;                                          \
                        *out++ = (type)(value);                                                    \
                        from += loops->left[3];                                                    \
                        by += loops->right[3];                                                     \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

#endif
