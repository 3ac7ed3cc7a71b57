#include "batch_matmul.h"

#include "fixed_point.h"
#include "product_f32.h"

static int32_t clamp(int32_t x, const struct tinyssl_batch_matmul *p)
{
    return x < p->out_min ? p->out_min : x > p->out_max ? p->out_max : x;
}

static int32_t narrow_output(uint32_t sum, int32_t column, const struct tinyssl_batch_matmul *p)
{
    if (p->bias) {
        sum += (uint32_t)((const int32_t *)p->bias)[column];
    }
    const uint32_t scaled = tinyssl_requantise_wrapping(sum, p->multiplier, p->shift);
    return clamp((int32_t)(scaled + (uint32_t)p->out_zero), p);
}

static int32_t wide_output(int64_t sum, int32_t column, const struct tinyssl_batch_matmul *p)
{
    (void)column;
    return clamp(tinyssl_requantise_wide(sum, p->multiplier, p->shift), p);
}

static float real_output(float sum, int32_t column, const struct tinyssl_batch_matmul *p)
{
    if (p->bias) {
        sum += ((const float *)p->bias)[column];
    }
    return sum < p->least ? p->least : sum > p->most ? p->most : sum;
}

/* Products of one element type: `term` of x on the left, y on the right; what goes out of `sum`. */
#define MATMUL(ending, type, sum_type, term, result)                                               \
    static void matrix_##ending(const type *left, const type *right,                               \
                                const struct tinyssl_batch_matmul *p, type *out)                   \
    {                                                                                              \
        for (int32_t row = 0; row < p->rows; row++) {                                              \
            for (int32_t column = 0; column < p->columns; column++) {                              \
                const type *x = left + row * p->left_row;                                          \
                const type *y = right + column * p->right_column;                                  \
                sum_type sum = 0;                                                                  \
                for (int32_t i = 0; i < p->depth; i++) {                                           \
                    sum += (sum_type)(term);                                                       \
                    x += p->left_along;                                                            \
                    y += p->right_along;                                                           \
                }                                                                                  \
                *out++ = (type)(result);                                                           \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void tinyssl_batch_matmul_##ending(const int8_t *const *in,                                    \
                                       const struct tinyssl_batch_matmul *p, int8_t *const *out)   \
    {                                                                                              \
        const struct tinyssl_broadcast *const loops = &p->sides.loops;                             \
        const void *const left = p->sides.left ? p->sides.left : *in++;                            \
        const void *const right = p->sides.right ? p->sides.right : *in;                           \
        type *to = (type *)(void *)out[0];                                                         \
        for (int32_t a = 0; a < loops->count[0]; a++) {                                            \
            for (int32_t b = 0; b < loops->count[1]; b++) {                                        \
                for (int32_t c = 0; c < loops->count[2]; c++) {                                    \
                    matrix_##ending(                                                               \
                        (const type *)left + tinyssl_broadcast_start(loops->left, a, b, c),        \
                        (const type *)right + tinyssl_broadcast_start(loops->right, a, b, c), p,   \
                        to);                                                                       \
                    to += p->rows * p->columns;                                                    \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

MATMUL(s8, int8_t, uint32_t, (*x - p->left_zero) * (*y - p->right_zero),
       narrow_output(sum, column, p))
MATMUL(s16, int16_t, int64_t, (int64_t)*x **y, wide_output(sum, column, p))
MATMUL(f32, float, float, tinyssl_product(*x, *y), real_output(sum, column, p))
