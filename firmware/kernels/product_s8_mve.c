#include "product_s8_mve.h"

#include "mve.h"

enum { ENTRY = 8 }; /* words of four channels in the table */

struct channels {
    tinyssl_quad start, multiplier, shift;
};

struct clamp {
    tinyssl_quad low, high;
};

TINYSSL_INLINE struct channels load(const int32_t *entry)
{
    const tinyssl_quad words = tinyssl_load_quad(entry);
    return (struct channels){tinyssl_start(words), tinyssl_load_quad(entry + TINYSSL_QUAD), words};
}

TINYSSL_INLINE struct clamp clamp_of(const struct tinyssl_product_mve *p)
{
    return (struct clamp){tinyssl_dup(p->out_min), tinyssl_dup(p->out_max)};
}

TINYSSL_INLINE void requantise(const struct tinyssl_product_mve *p, struct clamp clamp,
                               struct channels c, tinyssl_quad sums, int8_t *out, int32_t count)
{
    tinyssl_quad x = tinyssl_top_quad(tinyssl_add(sums, c.start), c.multiplier);
    if (p->sign) {
        x = tinyssl_away(x);
    }
    x = tinyssl_round_shift(x, c.shift);
    tinyssl_store_quad(out, x, p->out_zero, clamp.low, clamp.high, count);
}

/* Row i of four, or the last of `count` where there are fewer. */
TINYSSL_INLINE const int8_t *row(const int8_t *weight, int32_t depth, int32_t i, int32_t count)
{
    return weight + (i < count ? i : count - 1) * depth;
}

TINYSSL_INLINE void quad2(const struct tinyssl_product_mve *p, struct clamp clamp, const int8_t *x,
                          const int8_t *y, int8_t *first, int8_t *second, int32_t count)
{
    const int8_t *const rows[4] = {p->weight, row(p->weight, p->depth, 1, count),
                                   row(p->weight, p->depth, 2, count),
                                   row(p->weight, p->depth, 3, count)};
    tinyssl_quad a, b;
    tinyssl_dot_2x4(x, y, rows, p->depth, &a, &b);
    const struct channels c = load(p->channel);
    requantise(p, clamp, c, a, first, count);
    requantise(p, clamp, c, b, second, count);
}

void tinyssl_product2_mve(const struct tinyssl_product_mve *given, const int8_t *x, const int8_t *y,
                          int8_t *first, int8_t *second)
{
    struct tinyssl_product_mve p = *given; /* its pointers move on to the next four channels */
    const struct clamp clamp = clamp_of(&p);
    int32_t left = p.out_c;
    for (; left >= TINYSSL_QUAD; left -= TINYSSL_QUAD) {
        quad2(&p, clamp, x, y, first, second, TINYSSL_QUAD);
        p.weight += TINYSSL_QUAD * p.depth;
        p.channel += ENTRY;
        first += TINYSSL_QUAD;
        second += TINYSSL_QUAD;
    }
    if (left > 0) {
        quad2(&p, clamp, x, y, first, second, left);
    }
}

TINYSSL_INLINE void quad1(const struct tinyssl_product_mve *p, struct clamp clamp, const int8_t *x,
                          int8_t *out, int32_t count)
{
    const int8_t *const rows[4] = {p->weight, row(p->weight, p->depth, 1, count),
                                   row(p->weight, p->depth, 2, count),
                                   row(p->weight, p->depth, 3, count)};
    const tinyssl_quad sums = tinyssl_dot_1x4(x, rows, p->depth);
    requantise(p, clamp, load(p->channel), sums, out, count);
}

void tinyssl_product1_mve(const struct tinyssl_product_mve *given, const int8_t *x, int8_t *out)
{
    struct tinyssl_product_mve p = *given; /* its pointers move on to the next four channels */
    const struct clamp clamp = clamp_of(&p);
    int32_t left = p.out_c;
    for (; left >= TINYSSL_QUAD; left -= TINYSSL_QUAD, out += TINYSSL_QUAD) {
        quad1(&p, clamp, x, out, TINYSSL_QUAD);
        p.weight += TINYSSL_QUAD * p.depth;
        p.channel += ENTRY;
    }
    if (left > 0) {
        quad1(&p, clamp, x, out, left);
    }
}

/* The weights of four channels stay in registers while all pixels pass. With `plain` all eight registers
 * do: no sign to care for, no clamp but saturation, no channel missing. */
TINYSSL_INLINE void shallow(const struct tinyssl_product_mve *p, const int8_t *x, int32_t pixels,
                            int8_t *out, int32_t count, int plain)
{
    const struct clamp clamp = clamp_of(p);
    const struct channels c = load(p->channel);
    const tinyssl_block q = tinyssl_load_block(row(p->weight, p->depth, 0, count), p->depth);
    const tinyssl_block r = tinyssl_load_block(row(p->weight, p->depth, 1, count), p->depth);
    const tinyssl_block s = tinyssl_load_block(row(p->weight, p->depth, 2, count), p->depth);
    const tinyssl_block t = tinyssl_load_block(row(p->weight, p->depth, 3, count), p->depth);
    for (; pixels > 0; pixels--, x += p->depth, out += p->out_pitch) {
        const tinyssl_quad sums = tinyssl_dot_block(tinyssl_load_block(x, p->depth), q, r, s, t);
        if (plain) {
            const tinyssl_quad y = tinyssl_top_quad(tinyssl_add(sums, c.start), c.multiplier);
            tinyssl_store_saturated(out, tinyssl_round_shift(y, c.shift), p->out_zero);
        } else {
            requantise(p, clamp, c, sums, out, count);
        }
    }
}

TINYSSL_APART void product_shallow(const struct tinyssl_product_mve *given, const int8_t *x,
                                   int32_t pixels, int8_t *out)
{
    struct tinyssl_product_mve p = *given; /* its pointers move on to the next four channels */
    const int plain = !p.sign && p.out_min == INT8_MIN && p.out_max == INT8_MAX;
    for (int32_t left = p.out_c; left > 0; left -= TINYSSL_QUAD, out += TINYSSL_QUAD) {
        if (!plain || left < TINYSSL_QUAD) {
            shallow(&p, x, pixels, out, left, 0);
        } else if (p.depth == TINYSSL_BLOCK) {
            p.depth = TINYSSL_BLOCK; /* known to the compiler: loads are not predicated */
            shallow(&p, x, pixels, out, TINYSSL_QUAD, 1);
        } else {
            shallow(&p, x, pixels, out, TINYSSL_QUAD, 1);
        }
        p.weight += TINYSSL_QUAD * p.depth;
        p.channel += ENTRY;
    }
}

void tinyssl_product_line_mve(const struct tinyssl_product_mve *p, const int8_t *x, int32_t pixels,
                              int32_t step, int8_t *out)
{
    if (step == p->depth && step <= TINYSSL_BLOCK && pixels > 1) {
        product_shallow(p, x, pixels, out);
        return;
    }
    for (; pixels >= 2; pixels -= 2, x += 2 * step, out += 2 * p->out_pitch) {
        tinyssl_product2_mve(p, x, x + step, out, out + p->out_pitch);
    }
    if (pixels > 0) {
        tinyssl_product1_mve(p, x, out);
    }
}
