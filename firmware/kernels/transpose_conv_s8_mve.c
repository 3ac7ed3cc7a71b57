#include "transpose_conv_s8_mve.h"

#include "mve.h"
#include "window_s8.h"

enum { ENTRY = 8 }; /* words of four channels in the table */

static void copy(int8_t *to, const int8_t *from, int32_t count)
{
    tinyssl_mve_copy(to, from, count);
}

static void fill(int8_t *to, int8_t value, int32_t count)
{
    tinyssl_mve_fill(to, value, count);
}

/* x modulo `by`, not below 0. */
static inline int32_t modulo(int32_t x, int32_t by)
{
    const int32_t rest = x % by;
    return rest < 0 ? rest + by : rest;
}

/* Every up-th of `length` taps from `first` on. */
static inline int32_t taps(int32_t length, int32_t first, int32_t up)
{
    return (length - first + up - 1) / up;
}

/* Outputs of a row that read the taps of one phase. Their windows begin in input row `top`. */
static void phase(const int8_t *in, const struct tinyssl_transpose_conv_mve *p,
                  const struct tinyssl_product_mve *product, const struct tinyssl_window *window,
                  int32_t top, int32_t kx, int8_t *out, int8_t *scratch)
{
    const int32_t pitch = product->out_pitch, step = p->up_w * pitch;
    int32_t column = modulo(p->pad_left - kx, p->up_w);
    int32_t left = (column - p->pad_left + kx) / p->up_w;
    int8_t *const other = scratch + product->depth;
    out += column * pitch;
    for (; column + p->up_w < p->out_w; column += 2 * p->up_w, left += 2, out += 2 * step) {
        tinyssl_gather_window(in, window, top, left, scratch, copy, fill);
        tinyssl_gather_window(in, window, top, left + 1, other, copy, fill);
        tinyssl_product2_mve(product, scratch, other, out, out + step);
    }
    if (column < p->out_w) {
        tinyssl_gather_window(in, window, top, left, scratch, copy, fill);
        tinyssl_product1_mve(product, scratch, out);
    }
}

/* Output row y, of taps from ky on; `product`: of the first of their phases. */
static void line(const int8_t *in, const struct tinyssl_transpose_conv_mve *p, int32_t y,
                 int32_t ky, struct tinyssl_product_mve product, int8_t *out, int8_t *scratch)
{
    const int32_t table = (product.out_c + TINYSSL_QUAD - 1) / TINYSSL_QUAD * ENTRY;
    struct tinyssl_window window = {
        .in_h = p->in_h,
        .in_w = p->in_w,
        .in_c = p->in_c,
        .k_h = (int16_t)taps(p->k_h, ky, p->up_h),
        .stride_h = 1,
        .stride_w = 1,
        .in_zero = p->in_zero,
    };
    for (int32_t kx = 0; kx < p->up_w; kx++) {
        window.k_w = (int16_t)taps(p->k_w, kx, p->up_w);
        product.depth = window.k_h * window.k_w * p->in_c;
        phase(in, p, &product, &window, (y - p->pad_top + ky) / p->up_h, kx, out, scratch);
        product.weight += product.out_c * product.depth;
        product.channel += table;
    }
}

void tinyssl_transpose_conv_s8_mve(const int8_t *in, const struct tinyssl_transpose_conv_mve *p,
                                   int8_t *out, int8_t *scratch)
{
    const int32_t pitch = p->out_w * p->product.out_pitch;
    const int32_t table = (p->product.out_c + TINYSSL_QUAD - 1) / TINYSSL_QUAD * ENTRY * p->up_w;
    struct tinyssl_product_mve product = p->product;
    for (int32_t ky = 0; ky < p->up_h; ky++) {
        for (int32_t y = modulo(p->pad_top - ky, p->up_h); y < p->out_h; y += p->up_h) {
            line(in, p, y, ky, product, out + y * pitch, scratch);
        }
        product.weight += product.out_c * taps(p->k_h, ky, p->up_h) * p->k_w * p->in_c;
        product.channel += table;
    }
}
