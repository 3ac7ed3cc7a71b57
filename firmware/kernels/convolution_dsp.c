#include "convolution_dsp.h"

#include <stddef.h>
#include <string.h>

#include "fixed_point.h"
#include "lanes_dsp.h"
#include "rows4_dsp.h"
#include "spread.h"

/* Products of 16-bit inputs with 8-bit weights that fit a sum of 32 bits. */
enum { FEW = 512 };

TINYSSL_ROWS4(add_run_s8, int8_t, TINYSSL_PAIRS_S8_RAISED, x[i] - zero)

/* Two rows: eight products in 16 instructions. With four, sums go to memory and back. */
static inline void add_two_s16(const int8_t *const rows[2], const int16_t *x, int32_t count,
                               int32_t sums[2])
{
    const int8_t *a = rows[0], *b = rows[1], *const end = a + (count & ~3);
    int32_t sum0 = sums[0], sum1 = sums[1];
    for (; a < end; a += 4, b += 4, x += 4) {
        const uint32_t first = tinyssl_load(x), second = tinyssl_load(x + 2);
        const uint32_t even = tinyssl_pkhbt_lsl16(first, second);
        const uint32_t odd = tinyssl_pkhtb_asr16(first, second);
        sum0 = tinyssl_add_four(a, even, odd, sum0);
        sum1 = tinyssl_add_four(b, even, odd, sum1);
    }
    for (int32_t i = 0; i < (count & 3); i++) {
        sum0 += a[i] * x[i];
        sum1 += b[i] * x[i];
    }
    sums[0] = sum0;
    sums[1] = sum1;
}

static void add_few_s16(const int8_t *const rows[TINYSSL_ROWS], const int16_t *x, int32_t count,
                        int32_t sums[TINYSSL_ROWS])
{
    add_two_s16(rows, x, count, sums);
    add_two_s16(rows + 2, x, count, sums + 2);
}

union sums {
    int32_t narrow[TINYSSL_ROWS];
    int64_t wide[TINYSSL_ROWS];
};

/* Writes the inputs of a window side by side, `zero` where there are none. */
#define GATHER(name, type)                                                                         \
    static void gather_##name(const type *in, const struct tinyssl_convolution *p, int32_t image,  \
                              int32_t y, int32_t x, type zero, type *window)                       \
    {                                                                                              \
        for (int32_t ky = 0; ky < p->k_h; ky++) {                                                  \
            const int32_t row = y + ky * p->dilation_h;                                            \
            for (int32_t kx = 0; kx < p->k_w; kx++, window += p->in_c) {                           \
                const int32_t column = x + kx * p->dilation_w;                                     \
                if (row >= 0 && row < p->in_h && column >= 0 && column < p->in_w) {                \
                    const int32_t pixel = (image * p->in_h + row) * p->in_w + column;              \
                    memcpy(window, in + pixel * p->in_c, (size_t)p->in_c * sizeof(type));          \
                } else {                                                                           \
                    for (int32_t i = 0; i < p->in_c; i++) {                                        \
                        window[i] = zero;                                                          \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

GATHER(s8, int8_t)
GATHER(s16, int16_t)

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
        add_few_s16(taps, (const int16_t *)in + from + i, count - i < FEW ? count - i : FEW, few);
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
    for (int32_t kx = 0; kx < p->k_w; kx++) {
        const int32_t column = tinyssl_spread_source(x + kx * p->dilation_w, p->up_w, p->in_w);
        if (column >= 0) {
            add(sums, in, p, rows, (pixel + column) * p->in_c, tap + kx * p->in_c, p->in_c);
        }
    }
}

/* Filters of four channels from c on; of fewer that are left, the last one again. */
static inline void filters(const struct tinyssl_convolution *p, int32_t size, int32_t c,
                           const int8_t *rows[TINYSSL_ROWS])
{
    for (int32_t r = 0; r < TINYSSL_ROWS; r++) {
        rows[r] = (const int8_t *)p->weight + (c + r < p->out_c ? c + r : p->out_c - 1) * size;
    }
}

/* The runs of one window of a spread input. */
static inline void add_window(union sums *sums, const void *in, const struct tinyssl_convolution *p,
                              const int8_t *const rows[TINYSSL_ROWS], int32_t image, int32_t y,
                              int32_t x, add_run *add)
{
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
                                          type *out, int8_t *window)                               \
    {                                                                                              \
        const int32_t size = p->k_h * p->k_w * p->in_c;                                            \
        const int spread = p->up_h > 1 || p->up_w > 1;                                             \
        const int32_t pixels = p->batch * p->out_h * p->out_w;                                     \
        const bias_type *bias = (const bias_type *)p->bias;                                        \
        for (int32_t at = 0; at < pixels; at++, out += p->out_pitch) {                             \
            const int32_t row = at / p->out_w, image = row / p->out_h;                             \
            const int32_t y = (row - image * p->out_h) * p->stride_h - p->pad_top;                 \
            const int32_t x = (at - row * p->out_w) * p->stride_w - p->pad_left;                   \
            if (!spread) {                                                                         \
                gather_##name(in, p, image, y, x, (type)p->in_zero, (type *)(void *)window);       \
            }                                                                                      \
            for (int32_t first = 0; first < p->out_c; first += TINYSSL_ROWS) {                     \
                union sums sums = {.wide = {0}};                                                   \
                const int8_t *rows[TINYSSL_ROWS];                                                  \
                filters(p, size, first, rows);                                                     \
                if (spread) {                                                                      \
                    add_window(&sums, in, p, rows, image, y, x, run_##name);                       \
                } else {                                                                           \
                    run_##name(&sums, window, p, rows, 0, 0, size);                                \
                }                                                                                  \
                for (int32_t c = first; c < p->out_c && c < first + TINYSSL_ROWS; c++) {           \
                    const sum_type start = bias != NULL ? (sum_type)bias[c] : 0;                   \
                    const sum_type sum = (sum_type)sums.member[c - first] + start;                 \
                    out[c] = (type)clamp(result, p);                                               \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

CONVOLUTION(s8, int8_t, narrow, uint32_t, int32_t,
            (int32_t)(tinyssl_requantise_wrapping(sum, p->multiplier[c], p->shift[c]) +
                      (uint32_t)p->out_zero))
CONVOLUTION(s16, int16_t, wide, int64_t, int64_t,
            tinyssl_requantise_wide(sum, p->multiplier[c], p->shift[c]))
