#include "product_s8_mve.h"

#include "mve.h"

enum { ENTRY = 8 }; /* words of four channels in the table */

struct channels {
    tinyssl_quad start, multiplier, shift;
};

static inline struct channels load(const int32_t *entry)
{
    const tinyssl_quad words = tinyssl_load_quad(entry);
    return (struct channels){tinyssl_start(words), tinyssl_load_quad(entry + TINYSSL_QUAD), words};
}

static inline void requantise(const struct tinyssl_product_mve *p, const struct channels *c,
                              tinyssl_quad sums, int8_t *out, int32_t count)
{
    tinyssl_quad x = tinyssl_top_quad(tinyssl_add(sums, c->start), c->multiplier);
    if (p->sign) {
        x = tinyssl_away(x);
    }
    x = tinyssl_round_shift(x, c->shift);
    tinyssl_store_quad(out, x, p->out_zero, p->out_min, p->out_max, count);
}

/* Rows of four channels, or the last row again where there are fewer. */
static inline void rows_of(const int8_t *weight, int32_t depth, int32_t count, const int8_t *rows[4])
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        rows[i] = weight;
        weight += i + 1 < count ? depth : 0;
    }
}

static inline void quad2(const struct tinyssl_product_mve *p, const int8_t *x, const int8_t *y,
                         int32_t at, int8_t *first, int8_t *second, int32_t count)
{
    const int8_t *rows[4];
    rows_of(p->weight + at * p->depth, p->depth, count, rows);
    const struct tinyssl_sums low = tinyssl_dot_2x2(x, y, rows[0], rows[1], p->depth);
    const struct tinyssl_sums high = tinyssl_dot_2x2(x, y, rows[2], rows[3], p->depth);
    const struct channels c = load(p->channel + at / TINYSSL_QUAD * ENTRY);
    requantise(p, &c, tinyssl_lanes(low.first[0], low.first[1], high.first[0], high.first[1]),
               first + at, count);
    requantise(p, &c, tinyssl_lanes(low.second[0], low.second[1], high.second[0], high.second[1]),
               second + at, count);
}

void tinyssl_product2_mve(const struct tinyssl_product_mve *p, const int8_t *x, const int8_t *y,
                          int8_t *first, int8_t *second)
{
    int32_t at = 0;
    for (; at + TINYSSL_QUAD <= p->out_c; at += TINYSSL_QUAD) {
        quad2(p, x, y, at, first, second, TINYSSL_QUAD);
    }
    if (at < p->out_c) {
        quad2(p, x, y, at, first, second, p->out_c - at);
    }
}

static inline void quad1(const struct tinyssl_product_mve *p, const int8_t *x, int32_t at,
                         int8_t *out, int32_t count)
{
    const int8_t *rows[4];
    rows_of(p->weight + at * p->depth, p->depth, count, rows);
    const tinyssl_quad sums = tinyssl_dot_1x4(x, rows, p->depth);
    const struct channels c = load(p->channel + at / TINYSSL_QUAD * ENTRY);
    requantise(p, &c, sums, out + at, count);
}

void tinyssl_product1_mve(const struct tinyssl_product_mve *p, const int8_t *x, int8_t *out)
{
    int32_t at = 0;
    for (; at + TINYSSL_QUAD <= p->out_c; at += TINYSSL_QUAD) {
        quad1(p, x, at, out, TINYSSL_QUAD);
    }
    if (at < p->out_c) {
        quad1(p, x, at, out, p->out_c - at);
    }
}

/* The weights of four channels stay in registers while all pixels pass. */
void tinyssl_product_shallow_mve(const struct tinyssl_product_mve *p, const int8_t *x,
                                 int32_t pixels, int8_t *out)
{
    for (int32_t at = 0; at < p->out_c; at += TINYSSL_QUAD) {
        const int32_t count = p->out_c - at;
        const struct channels c = load(p->channel + at / TINYSSL_QUAD * ENTRY);
        const int8_t *rows[4];
        tinyssl_block w[4];
        rows_of(p->weight + at * p->depth, p->depth, count, rows);
        for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
            w[i] = tinyssl_load_block(rows[i], p->depth);
        }
        const int8_t *from = x;
        int8_t *to = out + at;
        for (int32_t i = 0; i < pixels; i++, from += p->depth, to += p->out_c) {
            const tinyssl_quad sums = tinyssl_dot_block(tinyssl_load_block(from, p->depth), w);
            requantise(p, &c, sums, to, count);
        }
    }
}
