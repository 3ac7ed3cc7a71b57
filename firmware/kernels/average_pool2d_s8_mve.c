#include "average_pool2d_s8_mve.h"

#include "fixed_point.h"
#include "mve.h"

TINYSSL_INLINE void four(const int8_t *in, const struct tinyssl_pool2d *p, struct tinyssl_span rows,
                         struct tinyssl_span columns, int8_t *out, int32_t channels)
{
    tinyssl_quad sum = tinyssl_dup(0);
    for (int32_t y = rows.begin; y < rows.end; y++) {
        const int8_t *from = in + (y * p->in_w + columns.begin) * p->in_pitch;
        for (int32_t x = columns.begin; x < columns.end; x++, from += p->in_pitch) {
            sum = tinyssl_add(sum, tinyssl_widen_quad(from, channels));
        }
    }
    const int32_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
    int32_t sums[TINYSSL_QUAD];
    tinyssl_store_lanes(sums, sum);
    for (int32_t i = 0; i < TINYSSL_QUAD && i < channels; i++) {
        const int32_t half = sums[i] > 0 ? count / 2 : -(count / 2);
        out[i] = tinyssl_clamp((sums[i] + half) / count, p->out_min, p->out_max);
    }
}

void tinyssl_average_pool2d_s8_mve(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, out += p->out_pitch) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            for (int32_t c = 0; c < p->channels; c += TINYSSL_QUAD) {
                four(in + c, p, rows, columns, out + c, p->channels - c);
            }
        }
    }
}
