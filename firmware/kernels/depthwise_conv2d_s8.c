#include "depthwise_conv2d_s8.h"

#include <stddef.h>

#include "fixed_point.h"

enum { LANES = 4 };

/* The taps of a window that lie on the input, in rows or columns. */
struct taps {
    int32_t begin, end;
};

/* Of so many taps, the first of which lies at `start`. */
static struct taps inside(int32_t start, int32_t taps, int32_t dilation, int32_t size)
{
    const int32_t past = size <= start ? 0 : (size - start + dilation - 1) / dilation;
    return (struct taps){start < 0 ? (dilation - 1 - start) / dilation : 0,
                         past < taps ? past : taps};
}

/* The output of a channel's sum. All is modulo 2^32, as TensorFlow Lite Micro computes it on cores whose
 * integers wrap. */
static inline int8_t output(const struct tinyssl_depthwise_conv2d *p, uint32_t sum, int32_t c)
{
    const int32_t zero = p->out_zero;
    if (p->bias != NULL) {
        sum += (uint32_t)p->bias[c];
    }
    const uint32_t scaled = tinyssl_requantise_wrapping(sum, p->multiplier[c], p->shift[c]);
    return tinyssl_clamp((int32_t)(scaled + (uint32_t)zero), p->out_min, p->out_max);
}

/* Output channel c. in: where tap (0, 0) lies, in the channel that is read. */
static int8_t one(const int8_t *in, const struct tinyssl_depthwise_conv2d *p, struct taps rows,
                  struct taps columns, int32_t c)
{
    const int32_t zero = p->in_zero;
    const int32_t in_step = p->dilation_w * p->in_c, weight_step = p->out_c;
    uint32_t sum = 0;
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        const int8_t *x = in + ky * p->dilation_h * p->in_w * p->in_c + columns.begin * in_step;
        const int8_t *w = p->weight + (ky * p->k_w + columns.begin) * weight_step + c;
        for (int32_t kx = columns.begin; kx < columns.end; kx++) {
            sum += (uint32_t)((*x - zero) * *w);
            x += in_step;
            w += weight_step;
        }
    }
    return output(p, sum, c);
}

/* Output channels c to c + 3, of as many channels. in: where tap (0, 0) lies, in the first of them. */
static void four(const int8_t *in, const struct tinyssl_depthwise_conv2d *p, struct taps rows,
                 struct taps columns, int32_t c, int8_t *out)
{
    const int32_t zero = p->in_zero;
    const int32_t in_step = p->dilation_w * p->in_c, weight_step = p->out_c;
    uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        const int8_t *x = in + ky * p->dilation_h * p->in_w * p->in_c + columns.begin * in_step;
        const int8_t *w = p->weight + (ky * p->k_w + columns.begin) * weight_step + c;
        for (int32_t left = columns.end - columns.begin; left > 0; left--) {
            sum0 += (uint32_t)((x[0] - zero) * w[0]);
            sum1 += (uint32_t)((x[1] - zero) * w[1]);
            sum2 += (uint32_t)((x[2] - zero) * w[2]);
            sum3 += (uint32_t)((x[3] - zero) * w[3]);
            x += in_step;
            w += weight_step;
        }
    }
    out[0] = output(p, sum0, c);
    out[1] = output(p, sum1, c + 1);
    out[2] = output(p, sum2, c + 2);
    out[3] = output(p, sum3, c + 3);
}

/* All channels of an output pixel. in: where tap (0, 0) lies. */
static void pixel(const int8_t *in, const struct tinyssl_depthwise_conv2d *p, struct taps rows,
                  struct taps columns, int8_t *out)
{
    int32_t c = 0;
    for (; p->channel_multiplier == 1 && c + LANES <= p->out_c; c += LANES) {
        four(in + c, p, rows, columns, c, out + c);
    }
    for (int32_t channel = c; channel < p->in_c; channel++) {
        for (int32_t m = 0; m < p->channel_multiplier; m++, c++) {
            out[c] = one(in + channel, p, rows, columns, c);
        }
    }
}

void tinyssl_depthwise_conv2d_s8(const int8_t *in, const struct tinyssl_depthwise_conv2d *p,
                                 int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const struct taps rows = inside(top, p->k_h, p->dilation_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, out += p->out_pitch) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const struct taps columns = inside(left, p->k_w, p->dilation_w, p->in_w);
            pixel(in + (top * p->in_w + left) * p->in_c, p, rows, columns, out);
        }
    }
}
