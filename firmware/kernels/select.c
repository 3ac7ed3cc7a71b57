#include "select.h"

static int32_t start(const int32_t *steps, int32_t a, int32_t b, int32_t c)
{
    return a * steps[0] + b * steps[1] + c * steps[2];
}

/* Defines `function` for elements of a type. */
#define SELECT(function, type)                                                                     \
    void function(const int8_t *const *in, const struct tinyssl_select *p, int8_t *const *out)     \
    {                                                                                              \
        const struct tinyssl_select_loops *const loops = &p->loops;                                \
        const void *const conditions = p->condition ? p->condition : *in++;                        \
        const void *const lefts = p->left ? p->left : *in++;                                       \
        const void *const rights = p->right ? p->right : *in;                                      \
        type *to = (type *)(void *)out[0];                                                         \
        for (int32_t a = 0; a < loops->count[0]; a++) {                                            \
            for (int32_t b = 0; b < loops->count[1]; b++) {                                        \
                for (int32_t c = 0; c < loops->count[2]; c++) {                                    \
                    const uint8_t *condition = (const uint8_t *)conditions;                        \
                    const type *left = (const type *)lefts;                                        \
                    const type *right = (const type *)rights;                                      \
                    condition += start(loops->condition, a, b, c);                                 \
                    left += start(loops->left, a, b, c);                                           \
                    right += start(loops->right, a, b, c);                                         \
                    for (int32_t d = 0; d < loops->count[3]; d++) {                                \
                        *to++ = *condition ? *left : *right;                                       \
                        condition += loops->condition[3];                                          \
                        left += loops->left[3];                                                    \
                        right += loops->right[3];                                                  \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

SELECT(tinyssl_select_1, int8_t)
SELECT(tinyssl_select_2, int16_t)
SELECT(tinyssl_select_4, int32_t)
