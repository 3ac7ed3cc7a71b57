#include "stem_block_s8_mve.h"

#include "block_rows_mve.h"

/* p: a stem block's first member. */
static void stem_row(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                     const struct tinyssl_block_work_mve *w, int8_t *out)
{
    const struct tinyssl_conv2d_mve *const stem =
        &((const struct tinyssl_stem_block_mve *)(const void *)p)->stem;
    tinyssl_conv2d_row_mve(in, stem, w->next, out, w->sum);
}

void tinyssl_stem_block_s8_mve(const int8_t *in, const struct tinyssl_stem_block_mve *p,
                               int8_t *out, int8_t *scratch)
{
    tinyssl_block_of_rows_mve(in, &p->block, out, scratch, 1, stem_row);
}
