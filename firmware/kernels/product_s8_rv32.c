#include "product_s8_rv32.h"

#include "rows4_rv32.h"

enum { ENTRY = 2, ROWS = TINYSSL_ROWS, UNROLLED = 4 };

struct sums {
    int32_t a, b, c, d; /* of four rows of weights */
};

static inline struct sums starts(const int32_t *entry)
{
    return (struct sums){entry[0] >> 8, entry[ENTRY] >> 8, entry[2 * ENTRY] >> 8,
                         entry[3 * ENTRY] >> 8};
}

static inline void store_rows(const struct tinyssl_product_rv32 *p, struct sums sum,
                              const int32_t *entry, int8_t *out)
{
    const int32_t zero = p->out_zero;
    out[0] = tinyssl_requantise_rv32(sum.a, entry, zero, p->out_min, p->out_max);
    out[1] = tinyssl_requantise_rv32(sum.b, entry + ENTRY, zero, p->out_min, p->out_max);
    out[2] = tinyssl_requantise_rv32(sum.c, entry + 2 * ENTRY, zero, p->out_min, p->out_max);
    out[3] = tinyssl_requantise_rv32(sum.d, entry + 3 * ENTRY, zero, p->out_min, p->out_max);
}

/* Input k of two pixels and four rows: eight products share six loads. */
#define STEP2(k)                                                                                   \
    do {                                                                                           \
        const int32_t i = x[k], j = y[k], a = q[k], b = r[k], c = s[k], d = t[k];                  \
        one.a += a * i;                                                                            \
        two.a += a * j;                                                                            \
        one.b += b * i;                                                                            \
        two.b += b * j;                                                                            \
        one.c += c * i;                                                                            \
        two.c += c * j;                                                                            \
        one.d += d * i;                                                                            \
        two.d += d * j;                                                                            \
        TINYSSL_STEP_ENDS(one.a, one.b, one.c, one.d);                                             \
        TINYSSL_STEP_ENDS(two.a, two.b, two.c, two.d);                                             \
    } while (0)

static inline void rows4_of_2(const struct tinyssl_product_rv32 *p, const int8_t *x,
                              const int8_t *y, int8_t *first, int8_t *second)
{
    const int8_t *q = p->weight, *r = q + p->depth, *s = r + p->depth, *t = s + p->depth;
    struct sums one = starts(p->channel);
    struct sums two = one;
    int32_t left = p->depth;
    for (; left >= UNROLLED; left -= UNROLLED) {
        STEP2(0);
        STEP2(1);
        STEP2(2);
        STEP2(3);
        x += UNROLLED, y += UNROLLED;
        q += UNROLLED, r += UNROLLED, s += UNROLLED, t += UNROLLED;
    }
    for (int32_t k = 0; k < left; k++) {
        STEP2(k);
    }
    store_rows(p, one, p->channel, first);
    store_rows(p, two, p->channel, second);
}

static inline void rows4_of_1(const struct tinyssl_product_rv32 *p, const int8_t *x, int8_t *out)
{
    const int8_t *const q = p->weight, *const r = q + p->depth, *const s = r + p->depth;
    const int8_t *const rows[ROWS] = {q, r, s, s + p->depth};
    const struct sums from = starts(p->channel);
    int32_t sums[ROWS] = {from.a, from.b, from.c, from.d};
    tinyssl_add_rows4_rv32(rows, x, p->depth, 0, sums);
    store_rows(p, (struct sums){sums[0], sums[1], sums[2], sums[3]}, p->channel, out);
}

static inline int8_t row_of_1(const struct tinyssl_product_rv32 *p, const int8_t *x)
{
    int32_t sum = p->channel[0] >> 8;
    for (int32_t k = 0; k < p->depth; k++) {
        sum += p->weight[k] * x[k];
    }
    return tinyssl_requantise_rv32(sum, p->channel, p->out_zero, p->out_min, p->out_max);
}

void tinyssl_product2_rv32(const struct tinyssl_product_rv32 *given, const int8_t *x,
                           const int8_t *y, int8_t *first, int8_t *second)
{
    struct tinyssl_product_rv32 p = *given; /* its pointers move on */
    int32_t left = p.out_c;
    for (; left >= ROWS; left -= ROWS, first += ROWS, second += ROWS) {
        rows4_of_2(&p, x, y, first, second);
        p.weight += ROWS * p.depth;
        p.channel += ROWS * ENTRY;
    }
    for (; left > 0; left--, p.weight += p.depth, p.channel += ENTRY) {
        *first++ = row_of_1(&p, x);
        *second++ = row_of_1(&p, y);
    }
}

void tinyssl_product1_rv32(const struct tinyssl_product_rv32 *given, const int8_t *x, int8_t *out)
{
    struct tinyssl_product_rv32 p = *given; /* its pointers move on */
    int32_t left = p.out_c;
    for (; left >= ROWS; left -= ROWS, out += ROWS) {
        rows4_of_1(&p, x, out);
        p.weight += ROWS * p.depth;
        p.channel += ROWS * ENTRY;
    }
    for (; left > 0; left--, p.weight += p.depth, p.channel += ENTRY) {
        *out++ = row_of_1(&p, x);
    }
}
