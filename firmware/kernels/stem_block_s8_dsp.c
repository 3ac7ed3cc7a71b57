#include "stem_block_s8_dsp.h"

#include "block_rows_dsp.h"

/* Bytes of a plane from four columns to the next: two pairs of a word for each row. */
enum { FOUR_COLUMNS = 2 * 4 * TINYSSL_PLANE_WORDS };

/* p: a stem block's first member. */
static void stem_row(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                     const struct tinyssl_block_work *w)
{
    const struct tinyssl_conv2d_dsp *const stem =
        &((const struct tinyssl_stem_block_dsp *)(const void *)p)->stem;
    const struct tinyssl_conv2d_row row = {tinyssl_block_pixel(p, w), w->step, FOUR_COLUMNS};
    tinyssl_conv2d_row_dsp(in, stem, w->next, &row, w->column);
    tinyssl_clamp_block_row(&stem->product, p, w);
}

void tinyssl_stem_block_s8_dsp(const int8_t *in, const struct tinyssl_stem_block_dsp *p,
                               int8_t *out, int8_t *scratch)
{
    tinyssl_block_of_rows(in, &p->block, out, scratch, stem_row);
}
