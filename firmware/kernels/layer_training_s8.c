#include "layer_training_s8.h"

#include <stddef.h>
#include <string.h>

#include "error_s8.h"
#include "in_bytes.h"
#include "product_f32.h"
#include "step_s8.h"
#include "tap_line.h"

/* ---- errors ---- */

/* An output channel that passes an error back. */
struct TINYSSL_IN_BYTES passed {
    int32_t weight; /* place of its weights before the first channel's */
    int32_t error;
};

struct back {
    const struct tinyssl_layer_error_s8 *p;
    const int8_t *error, *weight;
    int32_t *sums;         /* [in_c] of one input pixel */
    struct passed *passed; /* [out_c] */
};

/* The output along an axis whose window has tap offset `at` before it; -1: none. */
static int32_t reader(int32_t at, int32_t stride, int32_t size)
{
    return at >= 0 && at % stride == 0 && at / stride < size ? at / stride : -1;
}

/* Channels first to end with an error that is not 0; their number. */
static int32_t find_passed(const struct back *b, const int8_t *error, int32_t first, int32_t end)
{
    int32_t count = 0;
    for (int32_t c = first; c < end; c++) {
        if (error[c] != 0) {
            b->passed[count].weight = c * b->p->layer.step_c;
            b->passed[count++].error = error[c] * b->p->share[c];
        }
    }
    return count;
}

/* Adds what these channels pass back to sums[0..size). */
static void add_passed(const struct passed *passed, int32_t count, const int8_t *weight,
                       int32_t size, int32_t *sums)
{
    int32_t i = 0;
    for (; i + 4 <= size; i += 4) {
        int32_t a = sums[i], b = sums[i + 1], c = sums[i + 2], d = sums[i + 3];
        for (const struct passed *each = passed; each < passed + count; each++) {
            const int8_t *w = weight + each->weight + i;
            a += each->error * w[0];
            b += each->error * w[1];
            c += each->error * w[2];
            d += each->error * w[3];
        }
        sums[i] = a;
        sums[i + 1] = b;
        sums[i + 2] = c;
        sums[i + 3] = d;
    }
    for (; i < size; i++) {
        for (int32_t at = 0; at < count; at++) {
            sums[i] += passed[at].error * weight[passed[at].weight + i];
        }
    }
}

/* Each channel has one input of its own, and its weights lie beside its neighbour's. */
static void add_depthwise(const struct back *b, const int8_t *error, const int8_t *weight)
{
    for (int32_t c = 0; c < b->p->layer.out_c; c++) {
        b->sums[c] += error[c] * b->p->share[c] * weight[c];
    }
}

/* Adds what an output pixel passes back through one tap. */
static void add_pixel(const struct back *b, const int8_t *error, const int8_t *weight)
{
    const struct tinyssl_geometry_s8 *p = &b->p->layer;
    if (p->group_in == 1 && p->group_out == 1 && p->step_c == 1) {
        add_depthwise(b, error, weight);
        return;
    }
    int32_t *sums = b->sums;
    for (int32_t c = 0; c < p->out_c; c += p->group_out, sums += p->group_in) {
        const int32_t count = find_passed(b, error, c, c + p->group_out);
        add_passed(b->passed, count, weight, p->group_in, sums);
    }
}

/* The sums of input pixel (y, x) of an image whose errors are `error`. */
static void sum_pixel(const struct back *b, const int8_t *error, int32_t y, int32_t x)
{
    const struct tinyssl_geometry_s8 *p = &b->p->layer;
    memset(b->sums, 0, sizeof *b->sums * (size_t)p->in_c);
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t row =
            reader(y * p->up_h + p->pad_top - ky * p->dilation_h, p->stride_h, p->out_h);
        for (int32_t kx = 0; row >= 0 && kx < p->k_w; kx++) {
            const int32_t column =
                reader(x * p->up_w + p->pad_left - kx * p->dilation_w, p->stride_w, p->out_w);
            if (column >= 0) {
                const int32_t tap = p->first + ky * p->step_h + kx * p->step_w;
                add_pixel(b, error + (row * p->out_w + column) * p->out_c, b->weight + tap);
            }
        }
    }
}

/* Sizes of all sums, by OR; with `out`, the sums over 2^shift. */
static uint32_t sum_all(const struct back *b, int8_t *out, int32_t shift)
{
    const struct tinyssl_geometry_s8 *p = &b->p->layer;
    uint32_t bits = 0;
    for (int32_t row = 0; row < p->batch * p->in_h; row++) {
        const int8_t *error = b->error + row / p->in_h * p->out_h * p->out_w * p->out_c;
        for (int32_t x = 0; x < p->in_w; x++) {
            sum_pixel(b, error, row % p->in_h, x);
            for (int32_t i = 0; i < p->in_c; i++) {
                bits |= tinyssl_size_bits(b->sums[i]);
            }
            for (int32_t i = 0; out != NULL && i < p->in_c; i++) {
                *out++ = tinyssl_error_of(b->sums[i], shift);
            }
        }
    }
    return bits;
}

/* One input pixel's sums are kept; more are made twice, as the first time shows their size. */
void tinyssl_layer_error_s8(const int8_t *const *in, const struct tinyssl_layer_error_s8 *p,
                            int8_t *const *out, int8_t *scratch)
{
    struct back b = {p, in[0], p->weight, NULL, NULL};
    b.weight = p->weight != NULL ? p->weight : in[2];
    b.sums = (int32_t *)(void *)scratch;
    b.passed = (struct passed *)(void *)(scratch + 4 * p->layer.in_c);
    const int32_t shift = tinyssl_error_shift(sum_all(&b, NULL, 0));
    if (p->layer.batch * p->layer.in_h * p->layer.in_w == 1) {
        for (int32_t i = 0; i < p->layer.in_c; i++) {
            out[0][i] = tinyssl_error_of(b.sums[i], shift);
        }
    } else {
        (void)sum_all(&b, out[0], shift);
    }
    tinyssl_set_exponent(out[1], tinyssl_exponent_at(in[1]) + p->exponent_step + shift);
}

/* ---- steps ---- */

struct update {
    const struct tinyssl_layer_update_s8 *p;
    const int8_t *in, *error;
    float rate;
    int32_t exponent;
    int8_t *weight;
    int32_t *bias;
    uint32_t seed;
    struct tinyssl_factor *factors; /* [out_c] */
};

static void find_factors(const struct update *u, const float *step)
{
    for (int32_t c = 0; c < u->p->layer.out_c; c++) {
        u->factors[c] = tinyssl_factor_of(tinyssl_product(u->rate, step[c]), u->exponent);
    }
}

/* A tap in all places. */
struct tap {
    const struct update *u;
    struct tinyssl_tap_line rows, columns;
    int32_t weight; /* number of its weight of channel 0 and input 0 */
};

/* The row of errors of channel c, and of its inputs from `input` on, in round `row`. */
static inline void find_row(const struct tap *tap, int32_t row, int32_t c, int32_t input,
                            const int8_t **error, const int8_t **in)
{
    const struct tinyssl_geometry_s8 *p = &tap->u->p->layer;
    const int32_t image = row / tap->rows.count, at = row % tap->rows.count;
    const int32_t y = image * p->out_h + tap->rows.out + at * tap->rows.step;
    const int32_t source = image * p->in_h + tap->rows.in + at * tap->rows.in_step;
    *error = tap->u->error + (y * p->out_w + tap->columns.out) * p->out_c + c;
    *in = tap->u->in + (source * p->in_w + tap->columns.in) * p->in_c + input;
}

/* Of one weight of channel c. */
static int32_t gradient(const struct tap *tap, int32_t c, int32_t input)
{
    const struct tinyssl_geometry_s8 *p = &tap->u->p->layer;
    const int32_t zero = tap->u->p->in_zero;
    int32_t sum = 0;
    for (int32_t row = 0; row < p->batch * tap->rows.count; row++) {
        const int8_t *error, *in;
        find_row(tap, row, c, input, &error, &in);
        for (int32_t i = 0; i < tap->columns.count; i++) {
            sum += (*in - zero) * *error;
            error += tap->columns.step * p->out_c;
            in += tap->columns.in_step * p->in_c;
        }
    }
    return sum;
}

/* Of the same weight of channels c to c + 3, which read the same input. */
static void gradient4(const struct tap *tap, int32_t c, int32_t input, int32_t *sums)
{
    const struct tinyssl_geometry_s8 *p = &tap->u->p->layer;
    const int32_t step = tap->columns.step * p->out_c, in_step = tap->columns.in_step * p->in_c;
    const int32_t zero = tap->u->p->in_zero;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t row = 0; row < p->batch * tap->rows.count; row++) {
        const int8_t *error, *in;
        find_row(tap, row, c, input, &error, &in);
        for (int32_t i = 0; i < tap->columns.count; i++) {
            const int32_t x = *in - zero;
            s0 += x * error[0];
            s1 += x * error[1];
            s2 += x * error[2];
            s3 += x * error[3];
            error += step;
            in += in_step;
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static void descend(const struct tap *tap, int32_t sum, int32_t c, int32_t at)
{
    const struct update *u = tap->u;
    if (sum != 0) {
        const int32_t random = tinyssl_random16(u->seed, (uint32_t)at);
        u->weight[at] = (int8_t)tinyssl_stepped(u->weight[at], tinyssl_step(sum, u->factors[c]),
                                                random, TINYSSL_WEIGHT_MAX);
    }
}

/* Input i of a group, in all channels. */
static void descend_input(const struct tap *tap, int32_t i)
{
    const struct tinyssl_geometry_s8 *p = &tap->u->p->layer;
    for (int32_t first = 0; first < p->out_c; first += p->group_out) {
        const int32_t input = first / p->group_out * p->group_in + i;
        const int32_t end = first + p->group_out;
        int32_t c = first, at = tap->weight + first * p->step_c + i;
        for (; c + 4 <= end; c += 4) {
            int32_t sums[4];
            gradient4(tap, c, input, sums);
            for (int32_t k = 0; k < 4; k++, at += p->step_c) {
                descend(tap, sums[k], c + k, at);
            }
        }
        for (; c < end; c++, at += p->step_c) {
            descend(tap, gradient(tap, c, input), c, at);
        }
    }
}

static void update_weights(const struct update *u)
{
    const struct tinyssl_geometry_s8 *p = &u->p->layer;
    struct tap tap = {u, {0, 0, 1, 0, 1}, {0, 0, 1, 0, 1}, 0};
    find_factors(u, u->p->weight_step);
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t offset_h = ky * p->dilation_h - p->pad_top;
        tap.rows = tinyssl_find_tap_line(p->out_h, p->stride_h, offset_h, p->up_h, p->in_h);
        for (int32_t kx = 0; kx < p->k_w; kx++) {
            const int32_t offset = kx * p->dilation_w - p->pad_left;
            tap.columns = tinyssl_find_tap_line(p->out_w, p->stride_w, offset, p->up_w, p->in_w);
            tap.weight = p->first + ky * p->step_h + kx * p->step_w;
            for (int32_t i = 0; i < p->group_in; i++) {
                descend_input(&tap, i);
            }
        }
    }
}

static void update_biases(const struct update *u)
{
    const struct tinyssl_geometry_s8 *p = &u->p->layer;
    find_factors(u, u->p->bias_step);
    for (int32_t c = 0; c < p->out_c; c++) {
        int32_t sum = 0;
        for (int32_t pixel = 0; pixel < p->batch * p->out_h * p->out_w; pixel++) {
            sum += u->error[pixel * p->out_c + c];
        }
        const int32_t random = tinyssl_random16(~u->seed, (uint32_t)c);
        u->bias[c] =
            tinyssl_stepped(u->bias[c], tinyssl_step(sum, u->factors[c]), random, u->p->bias_most);
    }
}

void tinyssl_layer_update_s8(const int8_t *const *in, const struct tinyssl_layer_update_s8 *p,
                             int8_t *const *out, int8_t *scratch)
{
    struct update u = {p, NULL, NULL, 0.0f, 0, NULL, NULL, 0, NULL};
    u.factors = (struct tinyssl_factor *)(void *)scratch;
    if (p->weight_learns) {
        u.in = *in++;
        u.weight = *out++;
    }
    if (p->bias_learns) {
        u.bias = (int32_t *)(void *)*out++;
    }
    u.error = *in++;
    u.exponent = tinyssl_exponent_at(*in++);
    u.rate = *(const float *)(const void *)*in;
    uint32_t *const state = (uint32_t *)(void *)*out;
    u.seed = *state = tinyssl_next_state(*state);
    if (u.weight != NULL) {
        update_weights(&u);
    }
    if (u.bias != NULL) {
        update_biases(&u);
    }
}
