/* Layers of weighted sums in float32 that learn: what their kernels share. */
#ifndef TINYSSL_LAYER_F32_H
#define TINYSSL_LAYER_F32_H

#include <stdint.h>

#include "product_f32.h"
#include "sgd_f32.h"

/* The geometry is that of `struct tinyssl_convolution`. The weights of channel c at tap (y, x) begin
 * at first + c * step_c + y * step_h + x * step_w, one for each input of the group. */
struct tinyssl_layer {
    const float *weight, *bias; /* where they do not learn; NULL: they do, or there is none */
    int8_t weight_learns, bias_learns; /* 1: it is an operand */
    int8_t joined;                     /* 1: the taps of a row lie side by side, as its inputs do */
    int32_t batch;                     /* images */
    int32_t in_h, in_w, in_c;          /* elements */
    int32_t out_h, out_w, out_c;       /* elements */
    int32_t group_in, group_out;       /* channels of a group */
    int32_t k_h, k_w;                  /* taps */
    int32_t stride_h, stride_w;        /* elements of the spread input a step */
    int32_t dilation_h, dilation_w;    /* elements of the spread input between taps */
    int32_t up_h, up_w;                /* elements of the spread input for one of the input */
    int32_t pad_top, pad_left;         /* elements of the spread input */
    int32_t first, step_c, step_h, step_w;
    float low, high; /* fused activation */
};

struct tinyssl_layer_update {
    struct tinyssl_layer layer; /* its constants and its activation are not read */
    struct tinyssl_sgd sgd;
};

/* Operands of a forward pass, or, without the bias, of an error: in[0], then what learns. */
struct tinyssl_layer_operands {
    const float *in, *weight, *bias;
};

static inline struct tinyssl_layer_operands tinyssl_layer_operands(const int8_t *const *in,
                                                                   const struct tinyssl_layer *p)
{
    struct tinyssl_layer_operands found = {(const float *)(const void *)*in++, p->weight, p->bias};
    if (p->weight_learns) {
        found.weight = (const float *)(const void *)*in++;
    }
    if (p->bias_learns) {
        found.bias = (const float *)(const void *)*in;
    }
    return found;
}

/* Operands of an update. What does not learn, or has no velocity, is NULL. */
struct tinyssl_update_operands {
    const float *in, *error;
    float rate;
    float *weight, *bias, *weight_velocity, *bias_velocity;
};

/* in: what the layer read (where weights learn), error, rate; out: weights, biases, velocities. */
static inline struct tinyssl_update_operands tinyssl_update_operands(
    const int8_t *const *in, const struct tinyssl_layer_update *p, int8_t *const *out)
{
    struct tinyssl_update_operands found = {NULL, NULL, 0.0f, NULL, NULL, NULL, NULL};
    float **const targets[] = {&found.weight, &found.bias, &found.weight_velocity,
                               &found.bias_velocity};
    const int moves = p->sgd.momentum != 0.0f;
    const int there[] = {p->layer.weight_learns, p->layer.bias_learns,
                         p->layer.weight_learns && moves, p->layer.bias_learns && moves};
    for (int32_t i = 0; i < 4; i++) {
        if (there[i]) {
            *targets[i] = (float *)(void *)*out++;
        }
    }
    if (p->layer.weight_learns) {
        found.in = (const float *)(const void *)*in++;
    }
    found.error = (const float *)(const void *)*in++;
    found.rate = *(const float *)(const void *)*in;
    return found;
}

static inline float tinyssl_layer_clamp(float x, const struct tinyssl_layer *p)
{
    const float low = x < p->low ? p->low : x;
    return p->high < low ? p->high : low;
}

/* Four sums side by side: each is added up in its own order. */
struct tinyssl_four {
    float a, b, c, d;
};

static inline struct tinyssl_four tinyssl_load4(const float *x, int32_t step)
{
    return (struct tinyssl_four){x[0], x[step], x[2 * step], x[3 * step]};
}

static inline void tinyssl_store4(struct tinyssl_four x, float *to)
{
    to[0] = x.a;
    to[1] = x.b;
    to[2] = x.c;
    to[3] = x.d;
}

/* Adds x times each of four others. */
static inline struct tinyssl_four tinyssl_add4(struct tinyssl_four sum, float x,
                                               struct tinyssl_four y)
{
    sum.a = tinyssl_add_product(sum.a, x, y.a);
    sum.b = tinyssl_add_product(sum.b, x, y.b);
    sum.c = tinyssl_add_product(sum.c, x, y.c);
    sum.d = tinyssl_add_product(sum.d, x, y.d);
    return sum;
}

/* Adds `count` inputs times weights to sums[0..channels), whose weights are `step` apart. */
static inline void tinyssl_add_dots(const float *x, const float *weight, int32_t step,
                                    int32_t count, int32_t channels, float *sums)
{
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4) {
        const float *w = weight + c * step;
        struct tinyssl_four sum = tinyssl_load4(sums + c, 1);
        for (int32_t i = 0; i < count; i++) {
            sum = tinyssl_add4(sum, x[i], tinyssl_load4(w + i, step));
        }
        tinyssl_store4(sum, sums + c);
    }
    for (; c < channels; c++) {
        const float *w = weight + c * step;
        float sum = sums[c];
        for (int32_t i = 0; i < count; i++) {
            sum = tinyssl_add_product(sum, x[i], w[i]);
        }
        sums[c] = sum;
    }
}

/* Adds what `channels` errors pass back to sums[0..count). */
static inline void tinyssl_add_back(const float *error, const float *weight, int32_t step,
                                    int32_t count, int32_t channels, float *sums)
{
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const float *w = weight + i;
        struct tinyssl_four sum = tinyssl_load4(sums + i, 1);
        for (int32_t c = 0; c < channels; c++, w += step) {
            sum = tinyssl_add4(sum, error[c], tinyssl_load4(w, 1));
        }
        tinyssl_store4(sum, sums + i);
    }
    for (; i < count; i++) {
        const float *w = weight + i;
        float sum = sums[i];
        for (int32_t c = 0; c < channels; c++, w += step) {
            sum = tinyssl_add_product(sum, error[c], *w);
        }
        sums[i] = sum;
    }
}

#endif
