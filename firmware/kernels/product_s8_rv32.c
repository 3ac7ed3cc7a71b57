#include "product_s8_rv32.h"

enum { ENTRY = 2, ROWS = 4 };

struct sums {
    int32_t a, b, c, d; /* of four rows of weights */
};

static inline struct sums starts(const int32_t *entry)
{
    return (struct sums){entry[0] >> 8, entry[ENTRY] >> 8, entry[2 * ENTRY] >> 8,
                         entry[3 * ENTRY] >> 8};
}

static inline void put(const struct tinyssl_product_rv32 *p, struct sums sum, const int32_t *entry,
                       int8_t *out)
{
    const int32_t offset = 2 * p->out_zero + 1;
    out[0] = tinyssl_requantise_rv32(sum.a, entry, offset, p->out_min, p->out_max);
    out[1] = tinyssl_requantise_rv32(sum.b, entry + ENTRY, offset, p->out_min, p->out_max);
    out[2] = tinyssl_requantise_rv32(sum.c, entry + 2 * ENTRY, offset, p->out_min, p->out_max);
    out[3] = tinyssl_requantise_rv32(sum.d, entry + 3 * ENTRY, offset, p->out_min, p->out_max);
}

/* Eight sums share the loads of four weights and two inputs. */
static inline void rows4_of_2(const struct tinyssl_product_rv32 *p, const int8_t *x,
                              const int8_t *y, int8_t *first, int8_t *second)
{
    const int8_t *const v = p->weight;
    const int8_t *const w = v + p->depth;
    const int8_t *const s = w + p->depth;
    const int8_t *const t = s + p->depth;
    struct sums one = starts(p->channel);
    struct sums two = one;
    TINYSSL_UNROLL_RV32
    for (int32_t k = 0; k < p->depth; k++) {
        const int32_t i = x[k], j = y[k];
        one.a += v[k] * i;
        two.a += v[k] * j;
        one.b += w[k] * i;
        two.b += w[k] * j;
        one.c += s[k] * i;
        two.c += s[k] * j;
        one.d += t[k] * i;
        two.d += t[k] * j;
    }
    put(p, one, p->channel, first);
    put(p, two, p->channel, second);
}

static inline void rows4_of_1(const struct tinyssl_product_rv32 *p, const int8_t *x, int8_t *out)
{
    const int8_t *const v = p->weight;
    const int8_t *const w = v + p->depth;
    const int8_t *const s = w + p->depth;
    const int8_t *const t = s + p->depth;
    struct sums sum = starts(p->channel);
    TINYSSL_UNROLL_RV32
    for (int32_t k = 0; k < p->depth; k++) {
        const int32_t i = x[k];
        sum.a += v[k] * i;
        sum.b += w[k] * i;
        sum.c += s[k] * i;
        sum.d += t[k] * i;
    }
    put(p, sum, p->channel, out);
}

static inline int8_t row_of_1(const struct tinyssl_product_rv32 *p, const int8_t *x)
{
    int32_t sum = p->channel[0] >> 8;
    for (int32_t k = 0; k < p->depth; k++) {
        sum += p->weight[k] * x[k];
    }
    return tinyssl_requantise_rv32(sum, p->channel, 2 * p->out_zero + 1, p->out_min, p->out_max);
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
