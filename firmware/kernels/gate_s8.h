#ifndef TINYSSL_GATE_S8_H
#define TINYSSL_GATE_S8_H

#include <stdint.h>

/* A product of an image [pixels][channels] and a gate [channels], requantised as by mul.h. */
struct tinyssl_gate {
    int32_t pixels;
    int32_t multiplier; /* 0 or [2^30, 2^31), Q31 */
    uint16_t channels;
    int16_t shift; /* [-31, -1] */
    int16_t image_zero, gate_zero, out_zero;
    int8_t out_min, out_max;
    uint8_t gate_first; /* whether the gate is the left operand */
};

#endif
