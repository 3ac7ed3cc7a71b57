#include "dense_training_f32.h"

#include <stddef.h>
#include <string.h>

/* A step below this ends at a number wherever it starts from one: half a unit in the last place of
 * the largest float is 2^103. */
#define SAFE_STEP 0x1p100f

void tinyssl_dense_layer_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                             int8_t *const *out)
{
    const struct tinyssl_layer_operands x = tinyssl_layer_operands(in, p);
    float *to = (float *)(void *)*out;
    memset(to, 0, sizeof *to * (size_t)p->out_c);
    tinyssl_add_dots(x.in, x.weight, p->in_c, p->in_c, p->out_c, to);
    for (int32_t c = 0; c < p->out_c; c++) {
        to[c] = tinyssl_layer_clamp(to[c] + (x.bias != NULL ? x.bias[c] : 0.0f), p);
    }
}

void tinyssl_dense_error_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                             int8_t *const *out)
{
    const struct tinyssl_layer_operands x = tinyssl_layer_operands(in, p);
    float *to = (float *)(void *)*out;
    memset(to, 0, sizeof *to * (size_t)p->in_c);
    tinyssl_add_back(x.in, x.weight, p->in_c, p->in_c, p->out_c, to);
}

/* The sum of sizes, not below any of them; NaN where one is. */
static float reach(const float *x, int32_t count)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < count; i++) {
        sum += x[i] < 0.0f ? -x[i] : x[i];
    }
    return sum;
}

/* Plain steps of one channel's weights, of which none can end at no number. */
static void descend(const float *x, float error, float rate, int32_t count, float *weight)
{
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const struct tinyssl_four zero = {0.0f, 0.0f, 0.0f, 0.0f};
        const struct tinyssl_four g = tinyssl_add4(zero, error, tinyssl_load4(x + i, 1));
        weight[i] = tinyssl_subtract_product(weight[i], rate, g.a);
        weight[i + 1] = tinyssl_subtract_product(weight[i + 1], rate, g.b);
        weight[i + 2] = tinyssl_subtract_product(weight[i + 2], rate, g.c);
        weight[i + 3] = tinyssl_subtract_product(weight[i + 3], rate, g.d);
    }
    for (; i < count; i++) {
        const float gradient = tinyssl_add_product(0.0f, error, x[i]);
        weight[i] = tinyssl_subtract_product(weight[i], rate, gradient);
    }
}

static void update_weights(const struct tinyssl_update_operands *x,
                           const struct tinyssl_layer_update *p)
{
    const int32_t count = p->layer.in_c;
    const int plain = tinyssl_sgd_is_plain(&p->sgd);
    const float most = plain ? reach(x->in, count) : 0.0f;
    for (int32_t c = 0; c < p->layer.out_c; c++) {
        const float error = x->error[c];
        const int32_t row = c * count;
        if (plain && error == 0.0f) {
            continue; /* each step would be 0, or no number */
        }
        const float size = tinyssl_product(tinyssl_product(error, most), x->rate);
        if (plain && size < SAFE_STEP && -size < SAFE_STEP) {
            descend(x->in, error, x->rate, count, x->weight + row);
            continue;
        }
        for (int32_t i = row; i < row + count; i++) {
            tinyssl_sgd_step(&p->sgd, x->rate, tinyssl_add_product(0.0f, error, x->in[i - row]),
                             &x->weight[i], tinyssl_at(x->weight_velocity, i));
        }
    }
}

void tinyssl_dense_update_f32(const int8_t *const *in, const struct tinyssl_layer_update *p,
                              int8_t *const *out)
{
    const struct tinyssl_update_operands x = tinyssl_update_operands(in, p, out);
    if (x.weight != NULL) {
        update_weights(&x, p);
    }
    for (int32_t c = 0; x.bias != NULL && c < p->layer.out_c; c++) {
        tinyssl_sgd_step(&p->sgd, x.rate, 0.0f + x.error[c], &x.bias[c],
                         tinyssl_at(x.bias_velocity, c));
    }
}
