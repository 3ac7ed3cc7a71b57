#include "convolution_training_f32.h"

#include <stddef.h>
#include <string.h>

#include "spread.h"
#include "tap_line.h"

/* Inputs that meet weights, both side by side. */
struct run {
    const struct tinyssl_layer *p;
    const float *from, *weight;
    float *to;     /* forward: from an image to an output pixel; back: the other way */
    int32_t place; /* elements before the first input in the image */
    int32_t tap;   /* weights before the first of channel 0 */
    int32_t count; /* of a group, or of several taps */
};

typedef void use_run(const struct run *run);

/* `run` at the first tap of a row of the window -> all runs of this row. */
static inline void use_row(struct run run, int32_t start, use_run *use)
{
    const struct tinyssl_layer *p = run.p;
    const int32_t place = run.place, tap = run.tap;
    if (p->joined) {
        const int32_t begin = start < 0 ? -start : 0;
        const int32_t end = start + p->k_w > p->in_w ? p->in_w - start : p->k_w;
        run.place = place + (start + begin) * p->in_c;
        run.tap = tap + begin * p->step_w;
        run.count = (end - begin) * p->in_c;
        if (begin < end) {
            use(&run);
        }
        return;
    }
    for (int32_t kx = 0; kx < p->k_w; kx++) {
        const int32_t column = tinyssl_spread_source(start + kx * p->dilation_w, p->up_w, p->in_w);
        run.place = place + column * p->in_c;
        run.tap = tap + kx * p->step_w;
        if (column >= 0) {
            use(&run);
        }
    }
}

/* All runs of the window of the output at row y, column x, in the order of taps. */
static inline void use_window(struct run run, int32_t y, int32_t x, use_run *use)
{
    const struct tinyssl_layer *p = run.p;
    run.count = p->group_in;
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t at = y * p->stride_h - p->pad_top + ky * p->dilation_h;
        const int32_t row = tinyssl_spread_source(at, p->up_h, p->in_h);
        run.place = row * p->in_w * p->in_c;
        run.tap = p->first + ky * p->step_h;
        if (row >= 0) {
            use_row(run, x * p->stride_w - p->pad_left, use);
        }
    }
}

/* Whether each channel has one input of its own, and its weights lie beside its neighbour's. */
static inline int is_depthwise(const struct tinyssl_layer *p)
{
    return p->group_in == 1 && p->group_out == 1 && p->step_c == 1;
}

/* sums[i] += x[i] * y[i] */
static inline void add_pairs(const float *x, const float *y, int32_t count, float *sums)
{
    for (int32_t i = 0; i < count; i++) {
        sums[i] = tinyssl_add_product(sums[i], x[i], y[i]);
    }
}

static void add_sums(const struct run *run)
{
    const struct tinyssl_layer *p = run->p;
    const float *in = run->from + run->place;
    const float *weight = run->weight + run->tap;
    if (is_depthwise(p)) {
        add_pairs(in, weight, p->out_c, run->to);
        return;
    }
    for (int32_t c = 0; c < p->out_c; c += p->group_out, in += p->group_in) {
        tinyssl_add_dots(in, weight + c * p->step_c, p->step_c, run->count, p->group_out,
                         run->to + c);
    }
}

void tinyssl_convolution_layer_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                                   int8_t *const *out)
{
    const struct tinyssl_layer_operands x = tinyssl_layer_operands(in, p);
    const int32_t size = p->in_h * p->in_w * p->in_c;
    struct run run = {p, x.in, x.weight, (float *)(void *)*out, 0, 0, 0};
    for (int32_t row = 0; row < p->batch * p->out_h; row++) {
        run.from = x.in + row / p->out_h * size;
        for (int32_t column = 0; column < p->out_w; column++, run.to += p->out_c) {
            memset(run.to, 0, sizeof *run.to * (size_t)p->out_c);
            use_window(run, row % p->out_h, column, add_sums);
            for (int32_t c = 0; c < p->out_c; c++) {
                const float sum = run.to[c] + (x.bias != NULL ? x.bias[c] : 0.0f);
                run.to[c] = tinyssl_layer_clamp(sum, p);
            }
        }
    }
}

static void add_errors(const struct run *run)
{
    const struct tinyssl_layer *p = run->p;
    const float *weight = run->weight + run->tap;
    float *image = run->to + run->place;
    if (is_depthwise(p)) {
        add_pairs(run->from, weight, p->out_c, image);
        return;
    }
    for (int32_t c = 0; c < p->out_c; c += p->group_out, image += p->group_in) {
        tinyssl_add_back(run->from + c, weight + c * p->step_c, p->step_c, run->count, p->group_out,
                         image);
    }
}

void tinyssl_convolution_error_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                                   int8_t *const *out)
{
    const struct tinyssl_layer_operands x = tinyssl_layer_operands(in, p);
    const int32_t size = p->in_h * p->in_w * p->in_c;
    float *const to = (float *)(void *)*out;
    struct run run = {p, x.in, x.weight, to, 0, 0, 0};
    memset(to, 0, sizeof *to * (size_t)(p->batch * size));
    for (int32_t row = 0; row < p->batch * p->out_h; row++) {
        run.to = to + row / p->out_h * size;
        for (int32_t column = 0; column < p->out_w; column++, run.from += p->out_c) {
            use_window(run, row % p->out_h, column, add_errors);
        }
    }
}

/* A tap in all places. */
struct tap {
    const struct tinyssl_layer_update *p;
    const struct tinyssl_update_operands *x;
    struct tinyssl_tap_line rows, columns;
    int32_t weight; /* number of its weight of channel 0 and input 0 */
};

/* The row of errors of channel c, and of its inputs from `input` on, in round `row`. */
static inline void find_row(const struct tap *tap, int32_t row, int32_t c, int32_t input,
                            const float **error, const float **in)
{
    const struct tinyssl_layer *p = &tap->p->layer;
    const int32_t image = row / tap->rows.count, at = row % tap->rows.count;
    const int32_t y = image * p->out_h + tap->rows.out + at * tap->rows.step;
    const int32_t source = image * p->in_h + tap->rows.in + at * tap->rows.in_step;
    *error = tap->x->error + (y * p->out_w + tap->columns.out) * p->out_c + c;
    *in = tap->x->in + (source * p->in_w + tap->columns.in) * p->in_c + input;
}

/* Of one weight of channel c. */
static float gradient(const struct tap *tap, int32_t c, int32_t input)
{
    const struct tinyssl_layer *p = &tap->p->layer;
    float sum = 0.0f;
    for (int32_t row = 0; row < p->batch * tap->rows.count; row++) {
        const float *error, *in;
        find_row(tap, row, c, input, &error, &in);
        for (int32_t i = 0; i < tap->columns.count; i++) {
            sum = tinyssl_add_product(sum, *in, *error);
            error += tap->columns.step * p->out_c;
            in += tap->columns.in_step * p->in_c;
        }
    }
    return sum;
}

/* Of the same weight of channels c to c + 3, which read the same input. */
static struct tinyssl_four gradient4(const struct tap *tap, int32_t c, int32_t input)
{
    const struct tinyssl_layer *p = &tap->p->layer;
    const int32_t step = tap->columns.step * p->out_c, in_step = tap->columns.in_step * p->in_c;
    struct tinyssl_four sum = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t row = 0; row < p->batch * tap->rows.count; row++) {
        const float *error, *in;
        find_row(tap, row, c, input, &error, &in);
        for (int32_t i = 0; i < tap->columns.count; i++) {
            sum = tinyssl_add4(sum, *in, tinyssl_load4(error, 1));
            error += step;
            in += in_step;
        }
    }
    return sum;
}

static void descend(const struct tap *tap, float gradient, int32_t at)
{
    tinyssl_sgd_step(&tap->p->sgd, tap->x->rate, gradient, &tap->x->weight[at],
                     tinyssl_at(tap->x->weight_velocity, at));
}

/* Input i of a group, in all channels. */
static void descend_input(const struct tap *tap, int32_t i)
{
    const struct tinyssl_layer *p = &tap->p->layer;
    for (int32_t first = 0; first < p->out_c; first += p->group_out) {
        const int32_t input = first / p->group_out * p->group_in + i;
        const int32_t end = first + p->group_out;
        int32_t c = first, at = tap->weight + first * p->step_c + i;
        for (; c + 4 <= end; c += 4, at += 4 * p->step_c) {
            const struct tinyssl_four found = gradient4(tap, c, input);
            descend(tap, found.a, at);
            descend(tap, found.b, at + p->step_c);
            descend(tap, found.c, at + 2 * p->step_c);
            descend(tap, found.d, at + 3 * p->step_c);
        }
        for (; c < end; c++, at += p->step_c) {
            descend(tap, gradient(tap, c, input), at);
        }
    }
}

static void update_weights(const struct tinyssl_update_operands *x,
                           const struct tinyssl_layer_update *update)
{
    const struct tinyssl_layer *p = &update->layer;
    struct tap tap = {update, x, {0, 0, 1, 0, 1}, {0, 0, 1, 0, 1}, 0};
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        tap.rows = tinyssl_find_tap_line(p->out_h, p->stride_h, ky * p->dilation_h - p->pad_top,
                                         p->up_h, p->in_h);
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

static float bias_gradient(const float *error, const struct tinyssl_layer *p, int32_t c)
{
    float sum = 0.0f;
    const int32_t pixels = p->batch * p->out_h * p->out_w;
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        sum += error[pixel * p->out_c + c];
    }
    return sum;
}

void tinyssl_convolution_update_f32(const int8_t *const *in, const struct tinyssl_layer_update *p,
                                    int8_t *const *out)
{
    const struct tinyssl_update_operands x = tinyssl_update_operands(in, p, out);
    if (x.weight != NULL) {
        update_weights(&x, p);
    }
    for (int32_t c = 0; x.bias != NULL && c < p->layer.out_c; c++) {
        tinyssl_sgd_step(&p->sgd, x.rate, bias_gradient(x.error, &p->layer, c), &x.bias[c],
                         tinyssl_at(x.bias_velocity, c));
    }
}
