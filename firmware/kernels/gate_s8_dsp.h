#ifndef TINYSSL_GATE_S8_DSP_H
#define TINYSSL_GATE_S8_DSP_H

#include "gate_s8.h"

/* Nothing passes int32 (tinyssl/targets/gates.py). out: it may be the image. The second one is for
 * products that are never negative. */
void tinyssl_gate_s8_dsp(const int8_t *left, const int8_t *right, const struct tinyssl_gate *p,
                         int8_t *out);
void tinyssl_gate_positive_s8_dsp(const int8_t *left, const int8_t *right,
                                  const struct tinyssl_gate *p, int8_t *out);

#endif
