#include "convolution_dsp.h"

#include <stddef.h>

#include "fixed_point.h"
#include "rows4_dsp.h"
#include "spread.h"

/* Products of 16-bit inputs with 8-bit weights that fit a sum of 32 bits. */
enum { FEW = 512 };

TINYSSL_ROWS4(add_run_s8, int8_t, TINYSSL_PAIRS_S8_RAISED, x[i] - zero)
TINYSSL_ROWS4(add_few_s16, int16_t, TINYSSL_PAIRS_S16, x[i])

union sums {
    int32_t narrow[TINYSSL_ROWS];
    int64_t wide[TINYSSL_ROWS];
};

/* Adds a run of inputs that lie side by side, from number `from` on, times weights from `tap` on. */
typedef void add_run(union sums *sums, const void *in, const struct tinyssl_convolution *p,
                     const int8_t *const rows[TINYSSL_ROWS], int32_t from, int32_t tap,
                     int32_t count);

static inline void run_s8(union sums *sums, const void *in, const struct tinyssl_convolution *p,
                          const int8_t *const rows[TINYSSL_ROWS], int32_t from, int32_t tap,
                          int32_t count)
{
    const int8_t *const taps[TINYSSL_ROWS] = {rows[0] + tap, rows[1] + tap, rows[2] + tap,
                                              rows[3] + tap};
    add_run_s8(taps, (const int8_t *)in + from, count, p->in_zero, sums->narrow);
}

static inline void run_s16(union sums *sums, const void *in, const struct tinyssl_convolution *p,
                           const int8_t *const rows[TINYSSL_ROWS], int32_t from, int32_t tap,
                           int32_t count)
{
    (void)p;
    for (int32_t i = 0; i < count; i += FEW) {
        const int8_t *const taps[TINYSSL_ROWS] = {rows[0] + tap + i, rows[1] + tap + i,
                                                  rows[2] + tap + i, rows[3] + tap + i};
        int32_t few[TINYSSL_ROWS] = {0};
        add_few_s16(taps, (const int16_t *)in + from + i, count - i < FEW ? count - i : FEW, 0,
                    few);
        for (int r = 0; r < TINYSSL_ROWS; r++) {
            sums->wide[r] += few[r];
        }
    }
}

/* The runs of one row of taps whose first is at column x. */
static inline void add_row(union sums *sums, const void *in, const struct tinyssl_convolution *p,
                           const int8_t *const rows[TINYSSL_ROWS], int32_t pixel, int32_t x,
                           int32_t tap, add_run *add)
{
    if (p->up_w == 1 && p->dilation_w == 1) {
        const int32_t first = x < 0 ? -x : 0;
        const int32_t last = p->in_w - x < p->k_w ? p->in_w - x : p->k_w;
        if (first < last) {
            add(sums, in, p, rows, (pixel + x + first) * p->in_c, tap + first * p->in_c,
                (last - first) * p->in_c);
        }
        return;
    }
    for (int32_t kx = 0; kx < p->k_w; kx++) {
        const int32_t column = tinyssl_spread_source(x + kx * p->dilation_w, p->up_w, p->in_w);
        if (column >= 0) {
            add(sums, in, p, rows, (pixel + column) * p->in_c, tap + kx * p->in_c, p->in_c);
        }
    }
}

/* Four channels from c on of one output; of fewer that are left, the last one again. */
static inline void add_window(union sums *sums, const void *in, const struct tinyssl_convolution *p,
                              int32_t image, int32_t y, int32_t x, int32_t c, add_run *add)
{
    const int8_t *rows[TINYSSL_ROWS];
    for (int32_t r = 0; r < TINYSSL_ROWS; r++) {
        const int32_t channel = c + r < p->out_c ? c + r : p->out_c - 1;
        rows[r] = (const int8_t *)p->weight + channel * p->k_h * p->k_w * p->in_c;
    }
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t row = tinyssl_spread_source(y + ky * p->dilation_h, p->up_h, p->in_h);
        if (row >= 0) {
            const int32_t pixel = (image * p->in_h + row) * p->in_w;
            add_row(sums, in, p, rows, pixel, x, ky * p->k_w * p->in_c, add);
        }
    }
}

static inline int32_t clamp(int32_t x, const struct tinyssl_convolution *p)
{
    return x < p->out_min ? p->out_min : x > p->out_max ? p->out_max : x;
}

/* Defines tinyssl_convolution_<name>_dsp: `member` of the sums, where they start, and the output of
 * channel c before the clamp. */
#define CONVOLUTION(name, type, member, sum_type, bias_type, result)                               \
    void tinyssl_convolution_##name##_dsp(const type *in, const struct tinyssl_convolution *p,     \
                                          type *out)                                               \
    {                                                                                              \
        const int32_t pixels = p->batch * p->out_h * p->out_w;                                     \
        const bias_type *bias = (const bias_type *)p->bias;                                        \
        for (int32_t at = 0; at < pixels; at++) {                                                  \
            const int32_t row = at / p->out_w, image = row / p->out_h;                             \
            const int32_t y = (row - image * p->out_h) * p->stride_h - p->pad_top;                 \
            const int32_t x = (at - row * p->out_w) * p->stride_w - p->pad_left;                   \
            for (int32_t first = 0; first < p->out_c; first += TINYSSL_ROWS) {                     \
                union sums sums = {.wide = {0}};                                                   \
                add_window(&sums, in, p, image, y, x, first, run_##name);                          \
                for (int32_t c = first; c < p->out_c && c < first + TINYSSL_ROWS; c++) {           \
                    const sum_type start = bias != NULL ? (sum_type)bias[c] : 0;                   \
                    const sum_type sum = (sum_type)sums.member[c - first] + start;                 \
                    *out++ = (type)clamp(result, p);                                               \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

CONVOLUTION(s8, int8_t, narrow, uint32_t, int32_t,
            (int32_t)(tinyssl_requantise_wrapping(sum, p->multiplier[c], p->shift[c]) +
                      (uint32_t)p->out_zero))
CONVOLUTION(s16, int16_t, wide, int64_t, int64_t,
            tinyssl_requantise_wide(sum, p->multiplier[c], p->shift[c]))
