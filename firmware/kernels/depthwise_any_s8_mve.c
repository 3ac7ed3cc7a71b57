#include "depthwise_any_s8_mve.h"

#include "mve.h"

enum { LANES = 8, ENTRY = 16 }; /* channels of a group, and words of its table */

#if TINYSSL_MVE

/* As tinyssl_away where the low byte of `by` is below 0: a shift of 0 is to round nothing. */
TINYSSL_INLINE tinyssl_quad away_by(tinyssl_quad x, tinyssl_quad by)
{
    return vaddq_s32(x, vshrq_n_s32(vandq_s32(x, vshlq_n_s32(by, 24)), 31));
}

/* Four channels, every other one of the group. */
TINYSSL_INLINE tinyssl_quad requantise(tinyssl_quad sum, const int32_t *entry)
{
    const tinyssl_quad x = tinyssl_top_quad(sum, tinyssl_load_quad(entry + TINYSSL_QUAD));
    const tinyssl_quad by = tinyssl_load_quad(entry);
    return tinyssl_round_shift(away_by(x, by), by);
}

/* One group of a pixel, or `count` channels of it: as many as there are where it is a constant. */
TINYSSL_INLINE void group(const struct tinyssl_inner_taps *taps,
                          const struct tinyssl_depthwise_any *p, const int8_t *in,
                          const int8_t *weight, const int32_t *entry, int8_t *out, int32_t count,
                          int whole)
{
    const mve_pred16_t lanes = vctp16q((uint32_t)count);
    const int32_t step = taps->in_inner;
    const int16_t less = (int16_t)-p->in_zero;
    tinyssl_quad even = tinyssl_start(tinyssl_load_quad(entry));
    tinyssl_quad odd = tinyssl_start(tinyssl_load_quad(entry + ENTRY / 2));
    for (int32_t outer = taps->outer; outer > 0; outer--) {
        const int8_t *from = in, *w = weight;
        for (int32_t inner = taps->inner; inner > 0; inner--, from += step, w += LANES) {
            const int16x8_t pixel = whole ? vldrbq_s16(from) : vldrbq_z_s16(from, lanes);
            const int16x8_t x = vaddq_n_s16(pixel, less), tap = vldrbq_s16(w);
            even = vaddq_s32(even, vmullbq_int_s16(x, tap));
            odd = vaddq_s32(odd, vmulltq_int_s16(x, tap));
        }
        in += taps->in_outer;
        weight += taps->weight_outer;
    }
    int16x8_t found = vqmovnbq_s32(vdupq_n_s16(0), requantise(even, entry));
    found = vqmovntq_s32(found, requantise(odd, entry + ENTRY / 2));
    found = vqaddq_n_s16(found, p->out_zero);
    found = vmaxq_s16(found, vdupq_n_s16(p->out_min));
    found = vminq_s16(found, vdupq_n_s16(p->out_max));
    vstrbq_p_s16(out, found, lanes);
}

#else

TINYSSL_INLINE tinyssl_quad away_by(tinyssl_quad x, tinyssl_quad by)
{
    for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
        x.lane[i] -= x.lane[i] < 0 && (by.lane[i] & 0x80) != 0;
    }
    return x;
}

TINYSSL_INLINE void group(const struct tinyssl_inner_taps *taps,
                          const struct tinyssl_depthwise_any *p, const int8_t *in,
                          const int8_t *weight, const int32_t *entry, int8_t *out, int32_t count,
                          int whole)
{
    (void)whole;
    for (int32_t c = 0; c < count && c < LANES; c++) {
        const int32_t *const own = entry + (c & 1) * (ENTRY / 2) + c / 2;
        int32_t sum = own[0] >> 8;
        for (int32_t outer = 0; outer < taps->outer; outer++) {
            const int8_t *from = in + outer * taps->in_outer + c;
            const int8_t *w = weight + outer * taps->weight_outer + c;
            for (int32_t inner = 0; inner < taps->inner; inner++) {
                sum += (from[inner * taps->in_inner] - p->in_zero) * w[inner * LANES];
            }
        }
        const int32_t top = tinyssl_high_product(sum, own[TINYSSL_QUAD]);
        const tinyssl_quad by = tinyssl_dup(own[0]);
        const tinyssl_quad x = away_by(tinyssl_dup(top), by);
        const int32_t y = tinyssl_round_shift(x, by).lane[0];
        out[c] = tinyssl_clamp(y + p->out_zero, p->out_min, p->out_max);
    }
}

#endif

void tinyssl_depthwise_any_s8_mve(const int8_t *in, const struct tinyssl_depthwise_any *p,
                                  int8_t *out)
{
    const int32_t bytes = p->k_h * p->k_w * LANES;
    for (int32_t y = 0; y < p->out_h; y++) {
        for (int32_t x = 0; x < p->out_w; x++) {
            const struct tinyssl_inner_taps taps = tinyssl_inner_taps_of(p, in, LANES, y, x);
            const int8_t *from = taps.in, *weight = taps.weight;
            const int32_t *entry = p->channel;
            int32_t left = p->channels;
            for (; left >= LANES; left -= LANES, from += LANES, out += LANES) {
                group(&taps, p, from, weight, entry, out, LANES, 1);
                weight += bytes;
                entry += ENTRY;
            }
            if (left > 0) {
                group(&taps, p, from, weight, entry, out, left, 0);
                out += left;
            }
        }
    }
}
