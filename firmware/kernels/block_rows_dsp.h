/* What blocks have in common, whatever their depthwise convolution reads. */
#ifndef TINYSSL_BLOCK_ROWS_DSP_H
#define TINYSSL_BLOCK_ROWS_DSP_H

#include <stdint.h>

#include "depthwise_lines_dsp.h"
#include "fused_block_dsp.h"
#include "lanes_dsp.h"

/* Working memory of a block, and where it is. */
struct tinyssl_block_work {
    uint8_t *planes;            /* [channels] */
    uint8_t *columns;           /* of an output row */
    struct tinyssl_line *lines; /* one, or [channels] */
    uint8_t *column;            /* of what makes the planes' rows */
    int8_t *row;                /* of the projection, for the addition */
    int32_t step;               /* bytes of a plane */
    int32_t next;               /* row of the depthwise's input that comes next */
    int32_t slot;               /* where it goes: that of the oldest */
};

struct tinyssl_block_work tinyssl_block_start(const struct tinyssl_fused_block_dsp *p,
                                              int8_t *scratch);

/* Slot w->slot of the planes as a row of padding. */
void tinyssl_block_padding(const struct tinyssl_fused_block_dsp *p,
                           const struct tinyssl_block_work *w);

/* An output row, of the three rows in the planes. left: the block's input, for the addition. */
void tinyssl_block_outputs(const struct tinyssl_fused_block_dsp *p,
                           const struct tinyssl_block_work *w, const int8_t *left, int8_t *out);

/* The first pixel of row w->next in the first plane. */
static inline uint8_t *tinyssl_block_pixel(const struct tinyssl_fused_block_dsp *p,
                                           const struct tinyssl_block_work *w)
{
    return w->planes + tinyssl_plane_offset(p->pad_left, w->slot);
}

/* The activation of `product`, which wrote row w->next, where it is narrower than int8. */
void tinyssl_clamp_block_row(const struct tinyssl_product4_dsp *product,
                             const struct tinyssl_fused_block_dsp *p,
                             const struct tinyssl_block_work *w);

/* Writes row w->next, which is no padding, to slot w->slot of the planes; the padding left and right
 * is there. in: as the block's. */
typedef void tinyssl_block_row(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                               const struct tinyssl_block_work *w);

/* A block whose depthwise's input is what `row` gives, with w->column as its working memory. Each row
 * goes where the oldest was. Inline, so that no call is indirect: the stack's bound is that of the calls
 * there are. */
TINYSSL_INLINE void tinyssl_block_of_rows(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                                          int8_t *out, int8_t *scratch, tinyssl_block_row *row)
{
    struct tinyssl_block_work w = tinyssl_block_start(p, scratch);
    const int32_t left = p->add.size > 0 ? p->in_w * p->in_c : 0; /* bytes of a row to add */
    int32_t rows = TINYSSL_PLANE_WORDS;
    for (int32_t y = 0; y < p->out_h; y++, rows = p->stride) {
        for (; rows > 0; rows--) {
            if (w.next < 0 || w.next >= p->in_h) {
                tinyssl_block_padding(p, &w);
            } else {
                row(in, p, &w);
            }
            w.next++;
            w.slot = w.slot == 2 ? 0 : w.slot + 1;
        }
        tinyssl_block_outputs(p, &w, in + y * left, out + y * p->out_w * p->project.out_pitch);
    }
}

#endif
