#include "fused_block_s8_mve.h"

#include "add_s8_mve.h"
#include "mve.h"

enum { ROWS = 3 };

struct work {
    int8_t *wide;  /* three expanded rows: input row r is in slot r modulo 3 */
    int8_t *zeros; /* a pixel of padding */
    int8_t *deep;  /* a row of depthwise outputs */
    int8_t *sum;   /* a row of the projection, for the addition */
    int32_t next;  /* input row that is to be expanded next */
};

static struct work start(const struct tinyssl_fused_block_mve *p, int8_t *scratch)
{
    const struct tinyssl_depthwise_mve *const d = &p->depthwise;
    int8_t *const zeros = scratch + (p->expand.depth > 0 ? ROWS * d->in_w * d->channels : 0);
    int8_t *const deep = zeros + d->channels;
    tinyssl_fill(zeros, (int8_t)d->in_zero, d->channels);
    return (struct work){scratch, zeros, deep, deep + d->out_w * d->channels, 0};
}

/* Input row `at` as the depthwise reads it; null on the padding. Rows are asked for in order. */
static const int8_t *row_of(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                            struct work *w, int32_t at)
{
    const struct tinyssl_depthwise_mve *const d = &p->depthwise;
    const int32_t width = d->in_w * d->channels;
    if (at < 0 || at >= d->in_h) {
        return 0;
    }
    if (p->expand.depth == 0) {
        return in + at * width;
    }
    for (; w->next <= at; w->next++) {
        tinyssl_product_line_mve(&p->expand, in + w->next * d->in_w * p->expand.depth, d->in_w,
                                 p->expand.depth, w->wide + w->next % ROWS * width);
    }
    return w->wide + at % ROWS * width;
}

/* For the addition the projection has a row of its own, as the input's may lie in the output's place. */
static void project(const struct tinyssl_fused_block_mve *p, const struct work *w,
                    const int8_t *left, int8_t *out)
{
    int8_t *const row = p->add.size > 0 ? w->sum : out;
    tinyssl_product_line_mve(&p->project, w->deep, p->depthwise.out_w, p->project.depth, row);
    if (p->add.size > 0) {
        tinyssl_add_s8_mve(left, row, &p->add, out);
    }
}

void tinyssl_fused_block_s8_mve(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                                int8_t *out, int8_t *scratch)
{
    const struct tinyssl_depthwise_mve *const d = &p->depthwise;
    const int32_t width = d->out_w * p->project.out_c;
    struct work w = start(p, scratch);
    for (int32_t y = 0; y < d->out_h; y++) {
        const int8_t *rows[ROWS];
        for (int32_t k = 0; k < ROWS; k++) {
            rows[k] = row_of(in, p, &w, y * d->stride_h - d->pad_top + k);
        }
        tinyssl_depthwise_row_mve(d, rows, w.zeros, w.deep);
        project(p, &w, in + y * width, out + y * width);
    }
}
