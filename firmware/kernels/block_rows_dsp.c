#include "block_rows_dsp.h"

#include <string.h>

/* Row by row. An input row is expanded into the slot of the oldest row of the planes; each channel
 * of them gives a row of depthwise outputs, written as int16 into the columns that the projection
 * reads. So nothing is widened twice, and sums check no borders. */

enum { TAPS = 9 };

/* Two columns of one slot in all planes. */
static void fill_pair(uint8_t *plane, int32_t channels, int32_t step, uint32_t pair)
{
    for (; channels > 0; channels--, plane += step) {
        tinyssl_store(plane, pair);
    }
}

void tinyssl_block_padding(const struct tinyssl_fused_block_dsp *p,
                           const struct tinyssl_block_work *w)
{
    const uint32_t pair = tinyssl_pair(p->in_zero, p->in_zero);
    for (int32_t x = 0; x < p->columns; x += 2) {
        fill_pair(w->planes + tinyssl_plane_offset(x, w->slot), p->channels, w->step, pair);
    }
}

void tinyssl_clamp_block_row(const struct tinyssl_product4_dsp *product,
                             const struct tinyssl_fused_block_dsp *p,
                             const struct tinyssl_block_work *w)
{
    if (product->out_min == INT8_MIN && product->out_max == INT8_MAX) {
        return;
    }
    for (int32_t c = 0; c < p->channels; c++) {
        uint8_t *const plane = w->planes + c * w->step;
        for (int32_t x = p->pad_left; x < p->pad_left + p->in_w; x++) {
            int16_t value;
            memcpy(&value, plane + tinyssl_plane_offset(x, w->slot), sizeof value);
            value = value < product->out_min ? product->out_min : value;
            value = value > product->out_max ? product->out_max : value;
            tinyssl_store_half(plane + tinyssl_plane_offset(x, w->slot), (uint32_t)value);
        }
    }
}

static void prepare(const struct tinyssl_fused_block_dsp *p, const struct tinyssl_block_work *w,
                    int32_t c, struct tinyssl_line *line)
{
    tinyssl_prepare_line(line, p->weight + c * TAPS, tinyssl_channel_at(p->channel, c), p->zero,
                         w->planes + c * w->step, p->stride, p->out_w & ~3,
                         TINYSSL_COLUMN(p->channels, 4));
}

static void depthwise_line(const struct tinyssl_fused_block_dsp *p, const uint8_t *plane,
                           const struct tinyssl_line *line, const uint32_t *taps, uint8_t *out)
{
    if (p->stride == 1) {
        tinyssl_line_1_columns(plane, line, taps, (int8_t *)out);
    } else {
        tinyssl_line_2_columns(plane, line, taps, (int8_t *)out);
    }
}

/* Place of channel c in a column of `pixels`. */
static int32_t column_offset(int32_t c, int32_t pixels)
{
    return 8 * pixels * (c >> 2) + 4 * pixels * (c & 1) + (c & 2);
}

/* What is left of a line after its fours: a column of two pixels, one of one, or both. The line is then
 * as it was. */
static void line_tail(const struct tinyssl_fused_block_dsp *p, const struct tinyssl_block_work *w,
                      int32_t c, struct tinyssl_line *line, const uint32_t *taps)
{
    const uint32_t end = line->end;
    const int32_t fours = p->out_w & ~3;
    const uint8_t *plane = w->planes + c * w->step + tinyssl_plane_offset(fours * p->stride, 0);
    uint8_t *out = w->columns + TINYSSL_COLUMN(p->channels, fours);
    if (p->out_w & 2) {
        line->end = tinyssl_line_end(plane, p->stride, 2);
        depthwise_line(p, plane, line, taps, out + column_offset(c, 2));
        plane += tinyssl_plane_offset(2 * p->stride, 0);
        out += TINYSSL_COLUMN(p->channels, 2);
    }
    if (p->out_w & 1) {
        line->end = tinyssl_line_end(plane, p->stride, 0);
        line->odd = 1;
        depthwise_line(p, plane, line, taps, out + column_offset(c, 1));
        line->odd = 0;
    }
    line->end = end;
}

/* A row of depthwise outputs of all channels. */
static void depthwise(const struct tinyssl_fused_block_dsp *p, const struct tinyssl_block_work *w)
{
    struct tinyssl_line *line = w->lines;
    for (int32_t c = 0; c < p->channels; c++) {
        if (p->lines == 1) {
            prepare(p, w, c, line);
        }
        const uint32_t *const taps = tinyssl_line_taps(line, w->slot);
        if (p->out_w >= 4) {
            depthwise_line(p, w->planes + c * w->step, line, taps,
                           w->columns + column_offset(c, 4));
        }
        if (p->out_w & 3) {
            line_tail(p, w, c, line, taps);
        }
        line += p->lines > 1;
    }
    if (p->low > 0 || p->high < UINT8_MAX) {
        uint8_t *at = w->columns;
        for (int32_t i = TINYSSL_COLUMN(p->channels, p->out_w); i > 0; i -= 2, at += 2) {
            int16_t value;
            memcpy(&value, at, sizeof value);
            value = value < p->low ? p->low : value;
            value = value > p->high ? p->high : value;
            tinyssl_store_half(at, (uint32_t)value);
        }
    }
}

/* The columns to a row of outputs; for the addition into a row of its own, as it still needs what
 * may lie there. */
static void project(const struct tinyssl_fused_block_dsp *p, const struct tinyssl_block_work *w,
                    const int8_t *left, int8_t *out)
{
    int8_t *const row = p->add.size > 0 ? w->row : out;
    tinyssl_product_columns(&p->project, w->columns, p->out_w, row);
    tinyssl_clamp_outputs(&p->project, row, p->out_w);
    if (p->add.size > 0) {
        tinyssl_add_s8_dsp(left, row, &p->add, out);
    }
}

void tinyssl_block_outputs(const struct tinyssl_fused_block_dsp *p,
                           const struct tinyssl_block_work *w, const int8_t *left, int8_t *out)
{
    depthwise(p, w);
    project(p, w, left, out);
}

struct tinyssl_block_work tinyssl_block_start(const struct tinyssl_fused_block_dsp *p,
                                              int8_t *scratch)
{
    struct tinyssl_block_work w = {.planes = (uint8_t *)scratch, .next = -p->pad_top};
    w.step = TINYSSL_PLANE_BYTES(p->columns);
    w.columns = w.planes + p->channels * w.step;
    uint8_t *const lines = w.columns + TINYSSL_COLUMN(p->channels, p->out_w);
    w.lines = (struct tinyssl_line *)(void *)lines;
    w.column = (uint8_t *)(w.lines + p->lines);
    w.row = (int8_t *)w.column + (p->expand.depth > 0 ? TINYSSL_COLUMN(p->in_c, 4) : 0);
    for (w.slot = TINYSSL_PLANE_WORDS; w.slot > 0;) {
        w.slot--;
        tinyssl_block_padding(p, &w);
    }
    for (int32_t c = 0; p->lines > 1 && c < p->channels; c++) {
        prepare(p, &w, c, w.lines + c);
    }
    return w;
}
