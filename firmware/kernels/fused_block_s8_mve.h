#ifndef TINYSSL_FUSED_BLOCK_S8_MVE_H
#define TINYSSL_FUSED_BLOCK_S8_MVE_H

#include <stdint.h>

#include "fused_block_mve.h"

/* in: [in_h][in_w][expand.depth or channels]; out: [out_h][out_w][project.out_c]; scratch, apart, in
 * this order: three expanded rows where there is an expansion, a pixel, a row of depthwise outputs, and
 * an output row where there is an addition.
 * Rows are read and written in order: when output row y is written, rows below input row
 * y * stride_h - pad_top + 3 are not read again, but for the addition, which reads row y, and without
 * an expansion, where the next output row reads its three rows. So `out` may overlap `in` from below;
 * the generator works out how far. */
void tinyssl_fused_block_s8_mve(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                                int8_t *out, int8_t *scratch);

#endif
