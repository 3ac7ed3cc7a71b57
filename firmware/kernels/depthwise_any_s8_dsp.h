#ifndef TINYSSL_DEPTHWISE_ANY_S8_DSP_H
#define TINYSSL_DEPTHWISE_ANY_S8_DSP_H

#include "depthwise_any.h"

/* At least 4 channels, by groups of 4; the last group ends at the last channel. Table: [channels][2], as
 * struct tinyssl_channel.
 * in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; they must not overlap. */
void tinyssl_depthwise_any_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_any *p,
                                  int8_t *out);

#endif
