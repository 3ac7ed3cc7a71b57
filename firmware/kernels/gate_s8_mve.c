#include "gate_s8_mve.h"

#include "lanes_mve.h"

/* Four channels of all pixels, or `count` of them. away: whether products may be negative. */
TINYSSL_INLINE void channels_of(const int8_t *in, const int8_t *gate, const struct tinyssl_gate *p,
                                int8_t *out, int32_t count, int32_t away)
{
    const tinyssl_quad y = tinyssl_add(tinyssl_widen_quad(gate, count), tinyssl_dup(-p->gate_zero));
    const tinyssl_quad less = tinyssl_dup(-p->image_zero);
    const tinyssl_quad low = tinyssl_dup(p->out_min), high = tinyssl_dup(p->out_max);
    const int32_t step = p->channels;
    for (int32_t left = p->pixels; left > 0; left--, in += step, out += step) {
        const tinyssl_quad x = tinyssl_add(tinyssl_widen_quad(in, count), less);
        tinyssl_quad z = tinyssl_top_quad(tinyssl_multiply(x, y), tinyssl_dup(p->multiplier));
        z = tinyssl_round_shift(away ? tinyssl_away(z) : z, tinyssl_dup(p->shift));
        tinyssl_store_quad(out, z, p->out_zero, low, high, count);
    }
}

TINYSSL_INLINE void all_channels(const int8_t *left, const int8_t *right,
                                 const struct tinyssl_gate *given, int8_t *out, int32_t away)
{
    const struct tinyssl_gate p = *given; /* stores to `out` cannot change it */
    const int8_t *const image = p.gate_first ? right : left;
    const int8_t *const gate = p.gate_first ? left : right;
    int32_t c = 0;
    for (; c + TINYSSL_QUAD <= p.channels; c += TINYSSL_QUAD) {
        channels_of(image + c, gate + c, &p, out + c, TINYSSL_QUAD, away);
    }
    if (c < p.channels) {
        channels_of(image + c, gate + c, &p, out + c, p.channels - c, away);
    }
}

void tinyssl_gate_s8_mve(const int8_t *left, const int8_t *right, const struct tinyssl_gate *p,
                         int8_t *out)
{
    all_channels(left, right, p, out, 1);
}

void tinyssl_gate_positive_s8_mve(const int8_t *left, const int8_t *right,
                                  const struct tinyssl_gate *p, int8_t *out)
{
    all_channels(left, right, p, out, 0);
}
