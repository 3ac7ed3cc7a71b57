/* Two inputs of an elementwise operator, walked in the order of the output. */
#ifndef TINYSSL_BROADCAST_H
#define TINYSSL_BROADCAST_H

#include <stdint.h>

/* Nested loops, the outermost first. */
struct tinyssl_broadcast {
    int32_t count[4]; /* rounds */
    int32_t left[4];  /* elements of the left input from round to round; 0: it is repeated */
    int32_t right[4];
};

/* Elements of an input before the innermost loop; steps: `left` or `right`. */
static inline int32_t tinyssl_broadcast_start(const int32_t *steps, int32_t a, int32_t b, int32_t c)
{
    return a * steps[0] + b * steps[1] + c * steps[2];
}

/* Two inputs of a kernel that takes its operands in lists. */
struct tinyssl_sides {
    struct tinyssl_broadcast loops;
    const void *left, *right; /* constants; NULL: the next of the list */
};

/* For kernels without other parameters. */
struct tinyssl_pair {
    struct tinyssl_sides sides;
};

/* Defines `function`: out = value, an expression of x of the left input, y of the right one, and
 * the parameters p, whose first member is `sides`. Element after element from the front. */
#define TINYSSL_BROADCAST_OF(function, params, left_type, right_type, out_type, value)             \
    void function(const int8_t *const *in, const struct params *given, int8_t *const *out)         \
    {                                                                                              \
        const struct params own = *given; /* no output can change it */                            \
        const struct params *const p = &own;                                                       \
        const struct tinyssl_broadcast *const loops = &p->sides.loops;                             \
        const void *const first = p->sides.left ? p->sides.left : *in++;                           \
        const void *const second = p->sides.right ? p->sides.right : *in;                          \
        out_type *to = (out_type *)(void *)out[0];                                                 \
        for (int32_t a = 0; a < loops->count[0]; a++) {                                            \
            for (int32_t b = 0; b < loops->count[1]; b++) {                                        \
                for (int32_t c = 0; c < loops->count[2]; c++) {                                    \
                    const left_type *left = (const left_type *)first;                              \
                    const right_type *right = (const right_type *)second;                          \
                    left += tinyssl_broadcast_start(loops->left, a, b, c);                         \
                    right += tinyssl_broadcast_start(loops->right, a, b, c);                       \
                    for (int32_t d = 0; d < loops->count[3]; d++) {                                \
                        const left_type x = *left;                                                 \
                        const right_type y = *right;                                               \
                        *to++ = (out_type)(value);                                                 \
                        left += loops->left[3];                                                    \
                        right += loops->right[3];                                                  \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

/* The same of inputs of one type. */
#define TINYSSL_BROADCAST(function, params, in_type, out_type, value)                              \
    TINYSSL_BROADCAST_OF(function, params, in_type, in_type, out_type, value)

#endif
