#ifndef TINYSSL_DEPTHWISE_ANY_S8_MVE_H
#define TINYSSL_DEPTHWISE_ANY_S8_MVE_H

#include "depthwise_any.h"

/* Groups of 8 channels, the last one padded with zeros. Table: [groups][2][2][4], as in
 * product_s8_mve.h, the even channels of a group, then the odd ones.
 * in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; they must not overlap. */
void tinyssl_depthwise_any_s8_mve(const int8_t *in, const struct tinyssl_depthwise_any *p,
                                  int8_t *out);

#endif
