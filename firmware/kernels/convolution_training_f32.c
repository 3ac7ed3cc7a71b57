#include "convolution_training_f32.h"

#include <stddef.h>
#include <string.h>

#include "product_f32.h"
#include "spread.h"

void tinyssl_convolution_weight_f32(const float *in, const float *weight, const float *bias,
                                    const struct tinyssl_convolution *p, float *out)
{
    struct tinyssl_convolution layer = *p;
    layer.weight = weight;
    layer.bias = bias;
    tinyssl_convolution_f32(in, &layer, out);
}

void tinyssl_convolution_bias_f32(const float *in, const float *bias,
                                  const struct tinyssl_convolution *p, float *out)
{
    struct tinyssl_convolution layer = *p;
    layer.bias = bias;
    tinyssl_convolution_f32(in, &layer, out);
}

/* Where the window of output row `y` meets tap row `ky` in the input, -1: nowhere. */
static int32_t source_row(const struct tinyssl_convolution *p, int32_t y, int32_t ky)
{
    return tinyssl_spread_source(y * p->stride_h - p->pad_top + ky * p->dilation_h, p->up_h,
                                 p->in_h);
}

static int32_t source_column(const struct tinyssl_convolution *p, int32_t x, int32_t kx)
{
    return tinyssl_spread_source(x * p->stride_w - p->pad_left + kx * p->dilation_w, p->up_w,
                                 p->in_w);
}

/* First input of the group that output channel `c` reads, in a pixel. */
static int32_t first_input(const struct tinyssl_convolution *p, int32_t c)
{
    return c / p->group_out * p->group_in;
}

/* Adds what the output at row y, column x, channel c passes back through its window. */
static void pass_back(float error, const float *weight, const struct tinyssl_convolution *p,
                      int32_t y, int32_t x, int32_t c, float *image)
{
    int32_t tap = c * p->k_h * p->k_w * p->group_in;
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t row = source_row(p, y, ky);
        for (int32_t kx = 0; kx < p->k_w; kx++, tap += p->group_in) {
            const int32_t column = source_column(p, x, kx);
            if (row < 0 || column < 0) {
                continue;
            }
            float *pixel = image + (row * p->in_w + column) * p->in_c + first_input(p, c);
            for (int32_t i = 0; i < p->group_in; i++) {
                pixel[i] += tinyssl_product(error, weight[tap + i]);
            }
        }
    }
}

void tinyssl_convolution_weight_error_f32(const float *error, const float *weight,
                                          const struct tinyssl_convolution *p, float *in_error)
{
    const int32_t size = p->in_h * p->in_w * p->in_c;
    memset(in_error, 0, sizeof *in_error * (size_t)(p->batch * size));
    int32_t at = 0;
    for (int32_t image = 0; image < p->batch; image++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++) {
                for (int32_t c = 0; c < p->out_c; c++, at++) {
                    pass_back(error[at], weight, p, y, x, c, in_error + image * size);
                }
            }
        }
    }
}

void tinyssl_convolution_error_f32(const float *error, const struct tinyssl_convolution *p,
                                   float *in_error)
{
    tinyssl_convolution_weight_error_f32(error, (const float *)p->weight, p, in_error);
}

/* Of input i of a group at one tap of channel c. */
static float weight_gradient(const float *in, const float *error,
                             const struct tinyssl_convolution *p, int32_t c, int32_t ky, int32_t kx,
                             int32_t i)
{
    float sum = 0.0f;
    for (int32_t image = 0; image < p->batch; image++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            const int32_t row = source_row(p, y, ky);
            for (int32_t x = 0; row >= 0 && x < p->out_w; x++) {
                const int32_t column = source_column(p, x, kx);
                if (column >= 0) {
                    const int32_t pixel = (image * p->in_h + row) * p->in_w + column;
                    const int32_t out = ((image * p->out_h + y) * p->out_w + x) * p->out_c + c;
                    sum += tinyssl_product(error[out], in[pixel * p->in_c + first_input(p, c) + i]);
                }
            }
        }
    }
    return sum;
}

static float bias_gradient(const float *error, const struct tinyssl_convolution *p, int32_t c)
{
    float sum = 0.0f;
    const int32_t pixels = p->batch * p->out_h * p->out_w;
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        sum += error[pixel * p->out_c + c];
    }
    return sum;
}

static float *behind(float *values, int32_t at)
{
    return values == NULL ? NULL : values + at;
}

/* velocity: NULL without momentum. */
static void update_biases(const float *error, float rate,
                          const struct tinyssl_convolution_update *p, float *bias, float *velocity)
{
    for (int32_t c = 0; c < p->layer.out_c; c++) {
        tinyssl_sgd_step(&p->sgd, rate, bias_gradient(error, &p->layer, c), &bias[c],
                         behind(velocity, c));
    }
}

static void update_weights(const float *in, const float *error, float rate,
                           const struct tinyssl_convolution_update *p, float *weight,
                           float *velocity)
{
    const struct tinyssl_convolution *layer = &p->layer;
    int32_t at = 0;
    for (int32_t c = 0; c < layer->out_c; c++) {
        for (int32_t ky = 0; ky < layer->k_h; ky++) {
            for (int32_t kx = 0; kx < layer->k_w; kx++) {
                for (int32_t i = 0; i < layer->group_in; i++, at++) {
                    const float gradient = weight_gradient(in, error, layer, c, ky, kx, i);
                    tinyssl_sgd_step(&p->sgd, rate, gradient, &weight[at], behind(velocity, at));
                }
            }
        }
    }
}

void tinyssl_convolution_update_f32(const float *in, const float *error, const float *rate,
                                    const struct tinyssl_convolution_update *p, float *weight,
                                    float *bias)
{
    tinyssl_convolution_momentum_f32(in, error, rate, p, weight, bias, NULL, NULL);
}

void tinyssl_convolution_momentum_f32(const float *in, const float *error, const float *rate,
                                      const struct tinyssl_convolution_update *p, float *weight,
                                      float *bias, float *weight_velocity, float *bias_velocity)
{
    update_weights(in, error, *rate, p, weight, weight_velocity);
    update_biases(error, *rate, p, bias, bias_velocity);
}

void tinyssl_convolution_bias_update_f32(const float *error, const float *rate,
                                         const struct tinyssl_convolution_update *p, float *bias)
{
    update_biases(error, *rate, p, bias, NULL);
}

void tinyssl_convolution_bias_momentum_f32(const float *error, const float *rate,
                                           const struct tinyssl_convolution_update *p, float *bias,
                                           float *bias_velocity)
{
    update_biases(error, *rate, p, bias, bias_velocity);
}
