/* Frames of sound, int16. */
#ifndef TINYSSL_SIGNAL_FRAMES_H
#define TINYSSL_SIGNAL_FRAMES_H

#include <stdint.h>

struct tinyssl_signal_window {
    const int16_t *weights; /* [length] */
    int32_t frames, length; /* elements */
    int32_t shift;          /* bits of the weights after the point, [0, 31] */
};

struct tinyssl_signal_auto_scale {
    int32_t size; /* elements */
};

struct tinyssl_signal_delay {
    int32_t channels, length; /* samples of a frame */
    int32_t delay;            /* samples, 1 or more */
};

struct tinyssl_signal_framer {
    int32_t channels, frames; /* frames of each channel */
    int32_t size, step;       /* samples of a frame, and to the next one: size or less */
};

struct tinyssl_signal_stacker {
    int32_t size;   /* samples of a frame */
    int32_t before; /* frames of the output before the one that comes in */
};

/* in, out: [frames][length]; they may be the same. */
void tinyssl_signal_window(const int16_t *in, const struct tinyssl_signal_window *p, int16_t *out);
/* out: in * 2^bits, as large as int16 holds it; bits: one number. */
void tinyssl_signal_auto_scale(const int16_t *in, const struct tinyssl_signal_auto_scale *p,
                               int16_t *out, int32_t *bits);
/* in, out: [channels][length], apart; state: [channels][delay], the samples that are still due. */
void tinyssl_signal_delay(const int16_t *in, int16_t *state, const struct tinyssl_signal_delay *p,
                          int16_t *out);
/* in: [channels][frames][step]; state: [channels][size - step], the samples before; out:
 * [channels][frames][size]; valid: 1. */
void tinyssl_signal_framer(const int16_t *in, int16_t *state, const struct tinyssl_signal_framer *p,
                           int16_t *out, uint8_t *valid);
/* in: [channels][frames][size]; state: [channels][size], sums; out: [channels][frames][step]. */
void tinyssl_signal_overlap_add(const int16_t *in, int16_t *state,
                                const struct tinyssl_signal_framer *p, int16_t *out);
/* in: [size]; state: whether there was a frame, [before][size]; out: [before + 1][size]; valid: 1.
 */
void tinyssl_signal_stacker(const int16_t *in, int16_t *state,
                            const struct tinyssl_signal_stacker *p, int16_t *out, uint8_t *valid);

#endif
