#include "pool_error_f32.h"

#include <stddef.h>
#include <string.h>

#include "pool2d.h"

/* A window inside the input. */
struct window {
    struct tinyssl_span rows, columns;
};

/* Adds what the outputs of one window pass back to an image. in: NULL of an average. */
typedef void pass_back(const float *error, const float *in, const struct tinyssl_pool_error *p,
                       const struct window *window, float *out);

static inline void pool_error(const float *error, const float *in,
                              const struct tinyssl_pool_error *p, float *out, pass_back *pass)
{
    const int32_t size = p->in_h * p->in_w * p->channels;
    memset(out, 0, sizeof *out * (size_t)(p->batch * size));
    for (int32_t row = 0; row < p->batch * p->out_h; row++) {
        const int32_t image = row / p->out_h * size;
        const int32_t y = row % p->out_h * p->stride_h - p->pad_top;
        struct window window;
        window.rows = tinyssl_span(y, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, error += p->channels) {
            window.columns = tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            pass(error, in == NULL ? NULL : in + image, p, &window, out + image);
        }
    }
}

static void share_average(const float *error, const float *in, const struct tinyssl_pool_error *p,
                          const struct window *window, float *out)
{
    (void)in;
    const int32_t columns = window->columns.end - window->columns.begin;
    const float count = (float)((window->rows.end - window->rows.begin) * columns);
    for (int32_t y = window->rows.begin; y < window->rows.end; y++) {
        for (int32_t x = window->columns.begin; x < window->columns.end; x++) {
            float *pixel = out + (y * p->in_w + x) * p->channels;
            for (int32_t c = 0; c < p->channels; c++) {
                pixel[c] += error[c] / count;
            }
        }
    }
}

static void pass_largest(const float *error, const float *in, const struct tinyssl_pool_error *p,
                         const struct window *window, float *out)
{
    for (int32_t c = 0; c < p->channels; c++) {
        const int32_t corner = window->rows.begin * p->in_w + window->columns.begin;
        int32_t largest = corner * p->channels + c;
        for (int32_t y = window->rows.begin; y < window->rows.end; y++) {
            for (int32_t x = window->columns.begin; x < window->columns.end; x++) {
                const int32_t at = (y * p->in_w + x) * p->channels + c;
                largest = in[at] > in[largest] ? at : largest;
            }
        }
        out[largest] += error[c];
    }
}

void tinyssl_average_pool_error_f32(const float *error, const struct tinyssl_pool_error *p,
                                    float *out)
{
    pool_error(error, NULL, p, out, share_average);
}

void tinyssl_max_pool_error_f32(const float *error, const float *in,
                                const struct tinyssl_pool_error *p, float *out)
{
    pool_error(error, in, p, out, pass_largest);
}
