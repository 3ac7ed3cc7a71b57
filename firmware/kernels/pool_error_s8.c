#include "pool_error_s8.h"

#include <stddef.h>
#include <string.h>

#include "error_s8.h"
#include "pool2d.h"

/* Windows along an axis that have a place: their first, and one past their last. */
static struct tinyssl_span windows(int32_t place, int32_t pad, int32_t taps, int32_t stride,
                                   int32_t count)
{
    const int32_t last = (place + pad) / stride, behind = place + pad - taps + 1;
    const int32_t first = behind > 0 ? (behind + stride - 1) / stride : 0;
    return (struct tinyssl_span){first, last < count ? last + 1 : count};
}

static int32_t inside(int32_t window, int32_t pad, int32_t taps, int32_t stride, int32_t size)
{
    const struct tinyssl_span span = tinyssl_span(window * stride - pad, taps, size);
    return span.end - span.begin;
}

/* What windows pass back to channel c at (y, x): each a 16th of its part in a whole window. */
static int32_t shared(const int8_t *error, const struct tinyssl_pool_error *p, int32_t y, int32_t x,
                      int32_t c)
{
    const struct tinyssl_span rows = windows(y, p->pad_top, p->k_h, p->stride_h, p->out_h);
    const struct tinyssl_span columns = windows(x, p->pad_left, p->k_w, p->stride_w, p->out_w);
    int32_t sum = 0;
    for (int32_t row = rows.begin; row < rows.end; row++) {
        const int32_t height = inside(row, p->pad_top, p->k_h, p->stride_h, p->in_h);
        for (int32_t column = columns.begin; column < columns.end; column++) {
            const int32_t count =
                height * inside(column, p->pad_left, p->k_w, p->stride_w, p->in_w);
            const int32_t share = (16 * p->k_h * p->k_w + count / 2) / count;
            sum += share * error[(row * p->out_w + column) * p->channels + c];
        }
    }
    return sum;
}

/* Sizes of all sums, by OR; with `out`, the sums over 2^shift. */
static uint32_t share_all(const int8_t *error, const struct tinyssl_pool_error *p, int8_t *out,
                          int32_t shift)
{
    uint32_t bits = 0;
    for (int32_t row = 0; row < p->batch * p->in_h; row++) {
        const int8_t *image = error + row / p->in_h * p->out_h * p->out_w * p->channels;
        for (int32_t x = 0; x < p->in_w; x++) {
            for (int32_t c = 0; c < p->channels; c++) {
                const int32_t sum = shared(image, p, row % p->in_h, x, c);
                bits |= tinyssl_size_bits(sum);
                if (out != NULL) {
                    *out++ = tinyssl_error_of(sum, shift);
                }
            }
        }
    }
    return bits;
}

void tinyssl_average_pool_error_s8(const int8_t *error, const int32_t *exponent,
                                   const struct tinyssl_pool_error_s8 *p, int8_t *out,
                                   int32_t *out_exponent)
{
    const int32_t shift = tinyssl_error_shift(share_all(error, &p->window, NULL, 0));
    (void)share_all(error, &p->window, out, shift);
    *out_exponent = *exponent + p->exponent_step + shift;
}

/* The first of a window's largest elements gets its error. */
static void pass_largest(const int8_t *error, const int8_t *in,
                         const struct tinyssl_pool_error_s8 *p, struct tinyssl_span rows,
                         struct tinyssl_span columns, int8_t *out)
{
    const struct tinyssl_pool_error *size = &p->window;
    for (int32_t c = 0; c < size->channels; c++) {
        int32_t largest = (rows.begin * size->in_w + columns.begin) * size->channels + c;
        for (int32_t y = rows.begin; y < rows.end; y++) {
            for (int32_t x = columns.begin; x < columns.end; x++) {
                const int32_t at = (y * size->in_w + x) * size->channels + c;
                largest = in[at] > in[largest] ? at : largest;
            }
        }
        out[largest] = tinyssl_error_of(out[largest] + tinyssl_error_of(error[c], p->spare), 0);
    }
}

void tinyssl_max_pool_error_s8(const int8_t *error, const int32_t *exponent, const int8_t *in,
                               const struct tinyssl_pool_error_s8 *p, int8_t *out,
                               int32_t *out_exponent)
{
    const struct tinyssl_pool_error *size = &p->window;
    const int32_t image = size->in_h * size->in_w * size->channels;
    *out_exponent = *exponent + p->exponent_step + p->spare;
    memset(out, 0, (size_t)(size->batch * image));
    for (int32_t row = 0; row < size->batch * size->out_h; row++) {
        const int32_t at = row / size->out_h * image;
        const int32_t y = row % size->out_h * size->stride_h - size->pad_top;
        const struct tinyssl_span rows = tinyssl_span(y, size->k_h, size->in_h);
        for (int32_t x = 0; x < size->out_w; x++, error += size->channels) {
            const struct tinyssl_span columns =
                tinyssl_span(x * size->stride_w - size->pad_left, size->k_w, size->in_w);
            pass_largest(error, in + at, p, rows, columns, out + at);
        }
    }
}
