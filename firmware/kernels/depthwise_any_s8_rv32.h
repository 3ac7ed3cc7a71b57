#ifndef TINYSSL_DEPTHWISE_ANY_S8_RV32_H
#define TINYSSL_DEPTHWISE_ANY_S8_RV32_H

#include "depthwise_any.h"

/* Groups of 4 channels, of at least 4: the last group ends at the last channel. in:
 * [in_h][in_w][channels]; out: [out_h][out_w][channels], apart from it. */
void tinyssl_depthwise_any_s8_rv32(const int8_t *in, const struct tinyssl_depthwise_any *p,
                                   int8_t *out);

#endif
