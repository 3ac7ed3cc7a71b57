#include "learnt_s8.h"

#include <stddef.h>

#include "fixed_point.h"

/* The parameters of a layer with what learns in their place. */
#define LAYER_WITH_LEARNT(type)                                                                    \
    type layer = p->layer;                                                                         \
    const int8_t *const *learnt = in + 1;                                                          \
    if (p->weight_learns) {                                                                        \
        layer.weight = *learnt++;                                                                  \
    }                                                                                              \
    if (p->bias_learns) {                                                                          \
        layer.bias = (const int32_t *)(const void *)*learnt;                                       \
    }

enum { FOUR = 4 };

/* Adds `count` inputs, less their zero point, times weights to the sums of FOUR channels. */
static inline void add_dots4(const int8_t *x, int32_t zero, const int8_t *weight, int32_t filter,
                             int32_t count, int32_t *sums)
{
    const int8_t *second = weight + filter, *third = second + filter, *fourth = third + filter;
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (int32_t i = 0; i < count; i++) {
        const int32_t each = x[i] - zero;
        a += each * weight[i];
        b += each * second[i];
        c += each * third[i];
        d += each * fourth[i];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

static inline void add_dots1(const int8_t *x, int32_t zero, const int8_t *weight, int32_t count,
                             int32_t *sum)
{
    for (int32_t i = 0; i < count; i++) {
        *sum += (x[i] - zero) * weight[i];
    }
}

/* The sums of channels over the window whose first tap is at row y, column x. */
static inline void add_window(const int8_t *in, const struct tinyssl_conv2d *p,
                              const int8_t *weight, int32_t y, int32_t x, int32_t channels,
                              int32_t *sums)
{
    const int32_t filter = p->k_h * p->k_w * p->in_c, zero = p->in_zero;
    const int32_t together = p->dilation_w == 1 ? p->k_w : 1; /* taps side by side */
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t row = y + ky * p->dilation_h;
        for (int32_t kx = 0; row >= 0 && row < p->in_h && kx < p->k_w; kx += together) {
            const int32_t column = x + kx * p->dilation_w, begin = column < 0 ? -column : 0;
            const int32_t left = p->in_w - column, end = left < together ? left : together;
            if (begin < end) {
                const int8_t *pixel = in + (row * p->in_w + column + begin) * p->in_c;
                const int8_t *tap = weight + (ky * p->k_w + kx + begin) * p->in_c;
                const int32_t count = (end - begin) * p->in_c;
                if (channels == FOUR) {
                    add_dots4(pixel, zero, tap, filter, count, sums);
                } else {
                    add_dots1(pixel, zero, tap, count, sums);
                }
            }
        }
    }
}

static inline void write_outputs(const struct tinyssl_conv2d *p, const int32_t *sums, int32_t c,
                                 int32_t channels, int8_t *out)
{
    for (int32_t k = c; k < c + channels; k++) {
        const int32_t sum = sums[k - c] + (p->bias != NULL ? p->bias[k] : 0);
        const int32_t scaled = tinyssl_requantise(sum, p->multiplier[k], p->shift[k]);
        out[k] = tinyssl_clamp(scaled + p->out_zero, p->out_min, p->out_max);
    }
}

/* tinyssl_conv2d_s8 with four channels at a time, whose weights lie one behind the other. */
static void convolve(const int8_t *in, const struct tinyssl_conv2d *p, int8_t *out)
{
    const int32_t filter = p->k_h * p->k_w * p->in_c;
    for (int32_t row = 0; row < p->out_h; row++) {
        for (int32_t column = 0; column < p->out_w; column++, out += p->out_pitch) {
            const int32_t y = row * p->stride_h - p->pad_top;
            const int32_t x = column * p->stride_w - p->pad_left;
            int32_t c = 0;
            for (; c + FOUR <= p->out_c; c += FOUR) {
                int32_t sums[FOUR] = {0, 0, 0, 0};
                add_window(in, p, p->weight + c * filter, y, x, FOUR, sums);
                write_outputs(p, sums, c, FOUR, out);
            }
            for (; c < p->out_c; c++) {
                int32_t sum = 0;
                add_window(in, p, p->weight + c * filter, y, x, 1, &sum);
                write_outputs(p, &sum, c, 1, out);
            }
        }
    }
}

void tinyssl_learnt_fully_connected_s8(const int8_t *const *in,
                                       const struct tinyssl_learnt_fully_connected *p,
                                       int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_fully_connected)
    tinyssl_fully_connected_s8(*in, &layer, *out);
}

void tinyssl_learnt_conv2d_s8(const int8_t *const *in, const struct tinyssl_learnt_conv2d *p,
                              int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_conv2d)
    convolve(*in, &layer, *out);
}

void tinyssl_learnt_depthwise_s8(const int8_t *const *in, const struct tinyssl_learnt_depthwise *p,
                                 int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_depthwise_conv2d)
    tinyssl_depthwise_conv2d_s8(*in, &layer, *out);
}

void tinyssl_learnt_convolution_s8(const int8_t *const *in,
                                   const struct tinyssl_learnt_convolution *p, int8_t *const *out)
{
    LAYER_WITH_LEARNT(struct tinyssl_convolution)
    tinyssl_convolution_s8(*in, &layer, *out);
}
