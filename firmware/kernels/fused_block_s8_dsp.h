#ifndef TINYSSL_FUSED_BLOCK_S8_DSP_H
#define TINYSSL_FUSED_BLOCK_S8_DSP_H

#include <stdint.h>

#include "fused_block_dsp.h"

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][project.out_c]; scratch: aligned to 4 bytes, in this
 * order: planes, TINYSSL_COLUMN(channels, out_w), `lines` struct tinyssl_line, and, where there are
 * such parts, TINYSSL_COLUMN(in_c, 4) of the expansion and an output row of the addition.
 * Rows are read and written in order: when output row y is written, rows below input row
 * y * stride - pad_top + 3 are not read again, but for the addition, which reads row y. So `out`
 * may overlap `in` from below; the generator works out how far. */
void tinyssl_fused_block_s8_dsp(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                                int8_t *out, int8_t *scratch);

#endif
