#include "block_rows_mve.h"

#include "add_s8_mve.h"

struct tinyssl_block_work_mve tinyssl_block_start_mve(const struct tinyssl_fused_block_mve *p,
                                                      int8_t *scratch, int wide)
{
    const struct tinyssl_depthwise_mve *const d = &p->depthwise;
    int8_t *const zeros = scratch + (wide ? TINYSSL_BLOCK_ROWS * d->in_w * d->channels : 0);
    int8_t *const deep = zeros + d->channels;
    tinyssl_mve_fill(zeros, (int8_t)d->in_zero, d->channels);
    return (struct tinyssl_block_work_mve){scratch, zeros, deep, deep + d->out_w * d->channels, 0};
}

/* For the addition the projection has a row of its own, as the input's may lie in the output's place. */
static void project(const struct tinyssl_fused_block_mve *p, const struct tinyssl_block_work_mve *w,
                    const int8_t *left, int8_t *out)
{
    int8_t *const row = p->add.size > 0 ? w->sum : out;
    tinyssl_product_line_mve(&p->project, w->deep, p->depthwise.out_w, p->project.depth, row);
    if (p->add.size > 0) {
        tinyssl_add_s8_mve(left, row, &p->add, out);
    }
}

void tinyssl_block_outputs_mve(const struct tinyssl_fused_block_mve *p,
                               const struct tinyssl_block_work_mve *w, const int8_t *const *rows,
                               const int8_t *left, int8_t *out)
{
    tinyssl_depthwise_row_mve(&p->depthwise, rows, w->zeros, w->deep);
    project(p, w, left, out);
}
