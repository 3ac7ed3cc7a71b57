#include "fused_block_s8_mve.h"

#include "block_rows_mve.h"
#include "mve.h"

static void expand_row(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                       const struct tinyssl_block_work_mve *w, int8_t *out)
{
    const int32_t depth = p->expand.depth;
    tinyssl_product_line_mve(&p->expand, in + w->next * p->depthwise.in_w * depth,
                             p->depthwise.in_w, depth, out);
}

void tinyssl_fused_block_s8_mve(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                                int8_t *out, int8_t *scratch)
{
    tinyssl_block_of_rows_mve(in, p, out, scratch, p->expand.depth > 0, expand_row);
}
