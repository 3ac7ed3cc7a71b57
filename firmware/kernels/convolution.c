#include "convolution.h"

#include <stddef.h>

#include "fixed_point.h"
#include "product_f32.h"
#include "spread.h"

union sum {
    uint32_t narrow;
    int64_t wide;
    float real;
};

/* Adds a tap: `group_in` weights from `tap` on times the inputs from `from` on. */
typedef void add_tap(union sum *sum, const void *in, const struct tinyssl_convolution *p,
                     int32_t from, int32_t tap);

/* Writes output number `at`, of channel c. */
typedef void write_output(const union sum *sum, const struct tinyssl_convolution *p, int32_t c,
                          void *out, int32_t at);

/* The sum of channel c over the window whose first tap is at row y, column x of an image. */
static inline union sum window(const void *in, const struct tinyssl_convolution *p, int32_t image,
                               int32_t y, int32_t x, int32_t c, add_tap *add)
{
    union sum sum;
    sum.wide = 0;
    const int32_t channel = c / p->group_out * p->group_in;
    int32_t tap = c * p->k_h * p->k_w * p->group_in;
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t row = tinyssl_spread_source(y + ky * p->dilation_h, p->up_h, p->in_h);
        for (int32_t kx = 0; kx < p->k_w; kx++, tap += p->group_in) {
            const int32_t column = tinyssl_spread_source(x + kx * p->dilation_w, p->up_w, p->in_w);
            if (row >= 0 && column >= 0) {
                const int32_t pixel = (image * p->in_h + row) * p->in_w + column;
                add(&sum, in, p, pixel * p->in_c + channel, tap);
            }
        }
    }
    return sum;
}

static inline void convolve(const void *in, const struct tinyssl_convolution *p, void *out,
                            add_tap *add, write_output *write)
{
    int32_t at = 0;
    for (int32_t image = 0; image < p->batch; image++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            const int32_t row = y * p->stride_h - p->pad_top;
            for (int32_t x = 0; x < p->out_w; x++, at += p->out_pitch) {
                const int32_t column = x * p->stride_w - p->pad_left;
                for (int32_t c = 0; c < p->out_c; c++) {
                    const union sum sum = window(in, p, image, row, column, c, add);
                    write(&sum, p, c, out, at + c);
                }
            }
        }
    }
}

static inline int32_t clamp(int32_t x, const struct tinyssl_convolution *p)
{
    return x < p->out_min ? p->out_min : x > p->out_max ? p->out_max : x;
}

/* The clamped output of a 32-bit sum. */
static inline int32_t narrow_output(const union sum *sum, const struct tinyssl_convolution *p,
                                    int32_t c)
{
    const int32_t *bias = (const int32_t *)p->bias;
    const uint32_t start = bias != NULL ? (uint32_t)bias[c] : 0;
    const uint32_t scaled =
        tinyssl_requantise_wrapping(sum->narrow + start, p->multiplier[c], p->shift[c]);
    return clamp((int32_t)(scaled + (uint32_t)p->out_zero), p);
}

static void add_s8(union sum *sum, const void *in, const struct tinyssl_convolution *p,
                   int32_t from, int32_t tap)
{
    const int8_t *pixel = (const int8_t *)in + from;
    const int8_t *weight = (const int8_t *)p->weight + tap;
    for (int32_t i = 0; i < p->group_in; i++) {
        sum->narrow += (uint32_t)((pixel[i] - p->in_zero) * weight[i]);
    }
}

static void write_s8(const union sum *sum, const struct tinyssl_convolution *p, int32_t c,
                     void *out, int32_t at)
{
    ((int8_t *)out)[at] = (int8_t)narrow_output(sum, p, c);
}

static void add_s16(union sum *sum, const void *in, const struct tinyssl_convolution *p,
                    int32_t from, int32_t tap)
{
    const int16_t *pixel = (const int16_t *)in + from;
    const int8_t *weight = (const int8_t *)p->weight + tap;
    for (int32_t i = 0; i < p->group_in; i++) {
        sum->wide += pixel[i] * weight[i];
    }
}

static void write_s16(const union sum *sum, const struct tinyssl_convolution *p, int32_t c,
                      void *out, int32_t at)
{
    const int64_t *bias = (const int64_t *)p->bias;
    const int64_t total = sum->wide + (bias != NULL ? bias[c] : 0);
    const int32_t scaled = tinyssl_requantise_wide(total, p->multiplier[c], p->shift[c]);
    ((int16_t *)out)[at] = (int16_t)clamp(scaled, p);
}

static void add_s16_s32(union sum *sum, const void *in, const struct tinyssl_convolution *p,
                        int32_t from, int32_t tap)
{
    const int16_t *pixel = (const int16_t *)in + from;
    const int8_t *weight = (const int8_t *)p->weight + tap;
    for (int32_t i = 0; i < p->group_in; i++) {
        sum->narrow += (uint32_t)(pixel[i] * weight[i]);
    }
}

static void write_s16_s32(const union sum *sum, const struct tinyssl_convolution *p, int32_t c,
                          void *out, int32_t at)
{
    ((int16_t *)out)[at] = (int16_t)narrow_output(sum, p, c);
}

static void add_f32(union sum *sum, const void *in, const struct tinyssl_convolution *p,
                    int32_t from, int32_t tap)
{
    const float *pixel = (const float *)in + from;
    const float *weight = (const float *)p->weight + tap;
    for (int32_t i = 0; i < p->group_in; i++) {
        sum->real += tinyssl_product(pixel[i], weight[i]);
    }
}

static void write_f32(const union sum *sum, const struct tinyssl_convolution *p, int32_t c,
                      void *out, int32_t at)
{
    const float *bias = (const float *)p->bias;
    const float total = sum->real + (bias != NULL ? bias[c] : 0.0f);
    const float low = total < p->real_min ? p->real_min : total;
    ((float *)out)[at] = p->real_max < low ? p->real_max : low;
}

void tinyssl_convolution_s8(const int8_t *in, const struct tinyssl_convolution *p, int8_t *out)
{
    convolve(in, p, out, add_s8, write_s8);
}

void tinyssl_convolution_s16(const int16_t *in, const struct tinyssl_convolution *p, int16_t *out)
{
    convolve(in, p, out, add_s16, write_s16);
}

void tinyssl_convolution_s16_s32(const int16_t *in, const struct tinyssl_convolution *p,
                                 int16_t *out)
{
    convolve(in, p, out, add_s16_s32, write_s16_s32);
}

void tinyssl_convolution_f32(const float *in, const struct tinyssl_convolution *p, float *out)
{
    convolve(in, p, out, add_f32, write_f32);
}
