#include "conv2d_s8_dsp.h"

#include "lanes_dsp.h"

/* Outputs are computed by fours that lie side by side; what is left of each row by fours that lie one
 * above the other, as their windows are as evenly spaced. Where windows reach into the padding, the
 * inputs are copied first, padding and all. */

/* One, two or four outputs. */
struct block {
    int32_t y, x;       /* of the first output */
    int32_t count;      /* 1, 2 or 4 */
    int32_t down, over; /* from an output to the next: {0, 1} or {1, 0} */
};

/* Inputs that a block reads: rows and columns from the first tap of the first output. */
struct region {
    int32_t y, x, rows, columns;
};

static struct region region_of(const struct tinyssl_conv2d_dsp *p, const struct block *b)
{
    const struct region region = {
        b->y * p->stride_h - p->pad_top,
        b->x * p->stride_w - p->pad_left,
        p->k_h + (b->count - 1) * b->down * p->stride_h,
        p->k_w + (b->count - 1) * b->over * p->stride_w,
    };
    return region;
}

/* The C library of small cores may copy byte by byte. */
static void append(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 16; count -= 16, to += 16, from += 16) {
        const uint32_t first = tinyssl_load(from);
        const uint32_t second = tinyssl_load(from + 4);
        const uint32_t third = tinyssl_load(from + 8);
        const uint32_t fourth = tinyssl_load(from + 12);
        tinyssl_store(to, first);
        tinyssl_store(to + 4, second);
        tinyssl_store(to + 8, third);
        tinyssl_store(to + 12, fourth);
    }
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        tinyssl_store(to, tinyssl_load(from));
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

static void fill(int8_t *to, int32_t value, int32_t count)
{
    const uint32_t four = ((uint32_t)value & 0xffU) * UINT32_C(0x01010101);
    for (; count >= 4; count -= 4, to += 4) {
        tinyssl_store(to, four);
    }
    for (; count > 0; count--) {
        tinyssl_append_byte(&to, (int8_t)value); /* the compiler would call memset() */
    }
}

/* The region side by side, the zero point on padding. */
static void copy(const int8_t *in, const struct tinyssl_conv2d_dsp *p, const struct region *r,
                 int8_t *to)
{
    const int32_t begin = r->x < 0 ? -r->x : 0;
    const int32_t room = p->in_w - r->x;
    const int32_t end = room < r->columns ? room : r->columns;
    const int32_t width = r->columns * p->in_c;
    fill(to, p->in_zero, r->rows * width);
    if (begin >= end) {
        return;
    }
    to += begin * p->in_c;
    for (int32_t y = r->y; y < r->y + r->rows; y++, to += width) {
        if (y >= 0 && y < p->in_h) {
            append(to, in + (y * p->in_w + r->x + begin) * p->in_c, (end - begin) * p->in_c);
        }
    }
}

/* out, step: as the functions of the product's form take them. */
static void compute(const int8_t *in, const struct tinyssl_conv2d_dsp *p, const struct block *b,
                    void *out, int32_t step, uint8_t *column)
{
    const struct region r = region_of(p, b);
    struct tinyssl_taps taps = {p->k_h, p->k_w * p->in_c, p->in_w * p->in_c};
    const int8_t *from = in;
    if (r.y < 0 || r.x < 0 || r.y + r.rows > p->in_h || r.x + r.columns > p->in_w) {
        int8_t *copied = (int8_t *)column + tinyssl_product_steps(&p->product) * 64;
        copy(in, p, &r, copied);
        from = copied;
        taps.row_bytes = r.columns * p->in_c;
    } else {
        from += r.y * taps.row_bytes + r.x * p->in_c;
    }
    const int32_t pitch = b->down * p->stride_h * taps.row_bytes + b->over * p->stride_w * p->in_c;
    tinyssl_taps_to_column(from, pitch, &taps, b->count, column);
    tinyssl_product_column(&p->product, column, b->count, out, step);
}

/* The outputs of row y by fours. Where no window reaches into the padding, only addresses move. */
TINYSSL_INLINE void row_of_fours(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int32_t y,
                                 const struct tinyssl_conv2d_row *row, uint8_t *column)
{
    const struct tinyssl_taps taps = {p->k_h, p->k_w * p->in_c, p->in_w * p->in_c};
    const int32_t pitch = p->stride_w * p->in_c;
    const int32_t fours = p->out_w & ~3;
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t inside = top >= 0 && top + p->k_h <= p->in_h;
    const int32_t last = p->in_w - p->k_w - 3 * p->stride_w; /* column of the last window of four */
    int32_t left = -p->pad_left;
    int32_t from = top * taps.row_bytes + left * p->in_c;
    uint8_t *to = row->out;
    for (int32_t x = 0; x < fours; x += 4) {
        if (inside && left >= 0 && left <= last) {
            tinyssl_taps_to_column(in + from, pitch, &taps, 4, column);
            p->product.form->four(&p->product, column, to, row->step);
        } else {
            const struct block block = {y, x, 4, 0, 1};
            compute(in, p, &block, to, row->step, column);
        }
        left += 4 * p->stride_w;
        from += 4 * pitch;
        to += row->four;
    }
}

void tinyssl_conv2d_row_dsp(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int32_t y,
                            const struct tinyssl_conv2d_row *row, uint8_t *column)
{
    row_of_fours(in, p, y, row, column);
    for (int32_t x = p->out_w & ~3, count = 2; count > 0; count--) {
        if (p->out_w & count) {
            const struct block block = {y, x, count, 0, 1};
            compute(in, p, &block, row->out + x / 2 * (row->four / 2), row->step, column);
            x += count;
        }
    }
}

void tinyssl_conv2d_s8_dsp(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int8_t *out,
                           int8_t *scratch)
{
    uint8_t *column = (uint8_t *)scratch;
    const int32_t pitch = p->product.out_pitch;
    const int32_t width = p->out_w * pitch;
    struct tinyssl_conv2d_row row = {(uint8_t *)out, pitch, 4 * pitch};
    for (int32_t y = 0; y < p->out_h; y++, row.out += width) {
        row_of_fours(in, p, y, &row, column);
    }
    for (int32_t x = p->out_w & ~3; x < p->out_w; x++) {
        for (int32_t y = 0; y < p->out_h;) {
            const int32_t left = p->out_h - y;
            const struct block block = {y, x, left >= 4 ? 4 : left >= 2 ? 2 : 1, 1, 0};
            compute(in, p, &block, out + y * width + x * pitch, width, column);
            y += block.count;
        }
    }
    tinyssl_clamp_outputs(&p->product, out, p->out_h * p->out_w);
}
