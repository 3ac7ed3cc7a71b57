#include "average_pool2d_s8_dsp.h"

#include "fixed_point.h"
#include "lanes_dsp.h"

/* A window as runs of places that lie side by side. */
struct window {
    int32_t runs, length, count;
};

static struct window window(const struct tinyssl_pool2d *p, struct tinyssl_span rows,
                            struct tinyssl_span columns)
{
    const int32_t height = rows.end - rows.begin;
    const int32_t width = columns.end - columns.begin;
    const int32_t count = height * width;
    return width == p->in_w ? (struct window){1, count, count}
                            : (struct window){height, width, count};
}

static inline int8_t mean(int32_t sum, int32_t count, const struct tinyssl_pool2d *p)
{
    const int32_t half = sum > 0 ? count / 2 : -(count / 2);
    return tinyssl_clamp((sum + half) / count, p->out_min, p->out_max);
}

/* Four channels of the window that starts at `in`. */
static void mean4(const int8_t *in, const struct tinyssl_pool2d *p, const struct window *w,
                  int8_t *out)
{
    struct tinyssl_sums sums = {0, 0};
    for (int32_t run = 0; run < w->runs; run++, in += p->in_w * p->in_pitch) {
        sums = tinyssl_add_places(sums, in, p->in_pitch, w->length);
    }
    out[0] = mean(tinyssl_low(sums.even), w->count, p);
    out[1] = mean(tinyssl_low(sums.odd), w->count, p);
    out[2] = mean(tinyssl_high(sums.even), w->count, p);
    out[3] = mean(tinyssl_high(sums.odd), w->count, p);
}

void tinyssl_average_pool2d_s8_dsp(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    const int32_t last = p->channels - 4; /* the last four: some are computed twice */
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, out += p->out_pitch) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            const struct window w = window(p, rows, columns);
            const int8_t *corner = in + (rows.begin * p->in_w + columns.begin) * p->in_pitch;
            for (int32_t c = 0; c < last; c += 4) {
                mean4(corner + c, p, &w, out + c);
            }
            mean4(corner + last, p, &w, out + last);
        }
    }
}
