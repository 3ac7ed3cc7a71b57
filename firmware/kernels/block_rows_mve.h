/* What blocks have in common, whatever their depthwise convolution reads. */
#ifndef TINYSSL_BLOCK_ROWS_MVE_H
#define TINYSSL_BLOCK_ROWS_MVE_H

#include <stdint.h>

#include "fused_block_mve.h"
#include "mve.h"

enum { TINYSSL_BLOCK_ROWS = 3 };

/* Working memory of a block, and where it is. */
struct tinyssl_block_work_mve {
    int8_t *wide;  /* three rows of the depthwise's input: row r is in slot r modulo 3 */
    int8_t *zeros; /* a pixel of padding */
    int8_t *deep;  /* a row of depthwise outputs */
    int8_t *sum;   /* a row of the projection, for the addition; what makes the wide rows may use it
                    * where there is none */
    int32_t next;  /* row that is to be written next */
};

/* wide: whether rows are written to w->wide, or the block's input has them. */
struct tinyssl_block_work_mve tinyssl_block_start_mve(const struct tinyssl_fused_block_mve *p,
                                                      int8_t *scratch, int wide);

/* An output row, of three rows; null: padding. left: the block's input, for the addition. */
void tinyssl_block_outputs_mve(const struct tinyssl_fused_block_mve *p,
                               const struct tinyssl_block_work_mve *w, const int8_t *const *rows,
                               const int8_t *left, int8_t *out);

/* Writes row w->next of the depthwise's input to `out`. in: as the block's. */
typedef void tinyssl_block_row_mve(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                                   const struct tinyssl_block_work_mve *w, int8_t *out);

/* A block whose depthwise's input is what `row` gives or, where it is not `wide`, the block's own.
 * Inline, so that no call is indirect: the stack's bound is that of the calls there are. */
TINYSSL_INLINE void tinyssl_block_of_rows_mve(const int8_t *in,
                                              const struct tinyssl_fused_block_mve *p, int8_t *out,
                                              int8_t *scratch, int wide, tinyssl_block_row_mve *row)
{
    const struct tinyssl_depthwise_mve *const d = &p->depthwise;
    const int32_t in_width = d->in_w * d->channels;
    const int32_t out_width = d->out_w * p->project.out_pitch;
    const int32_t left = p->add.size > 0 ? out_width : 0; /* bytes of a row to add */
    struct tinyssl_block_work_mve w = tinyssl_block_start_mve(p, scratch, wide);
    for (int32_t y = 0; y < d->out_h; y++) {
        const int8_t *rows[TINYSSL_BLOCK_ROWS] = {0, 0, 0};
        for (int32_t k = 0; k < TINYSSL_BLOCK_ROWS; k++) {
            const int32_t at = y * d->stride_h - d->pad_top + k;
            if (at < 0 || at >= d->in_h) {
                continue;
            }
            if (!wide) {
                rows[k] = in + at * in_width;
                continue;
            }
            for (; w.next <= at; w.next++) {
                row(in, p, &w, w.wide + w.next % TINYSSL_BLOCK_ROWS * in_width);
            }
            rows[k] = w.wide + at % TINYSSL_BLOCK_ROWS * in_width;
        }
        tinyssl_block_outputs_mve(p, &w, rows, in + y * left, out + y * out_width);
    }
}

#endif
