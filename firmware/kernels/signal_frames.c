#include "signal_frames.h"

#include <string.h>

#include "bits.h"

void tinyssl_signal_window(const int16_t *in, const struct tinyssl_signal_window *p, int16_t *out)
{
    for (int32_t i = 0; i < p->frames * p->length; i++) {
        const int32_t x = ((int32_t)in[i] * p->weights[i % p->length]) >> p->shift;
        out[i] = (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
    }
}

/* Largest distance from 0. That of -32768 becomes -32768, and the search begins anew behind it, as
 * in TensorFlow Lite Micro. */
static int32_t largest(const int16_t *in, int32_t size)
{
    int32_t found = 0;
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = in[i];
        if (x > found) {
            found = x;
        } else if (-x > found) {
            found = x == INT16_MIN ? x : -x;
        }
    }
    return found;
}

void tinyssl_signal_auto_scale(const int16_t *in, const struct tinyssl_signal_auto_scale *p,
                               int16_t *out, int32_t *bits)
{
    const int32_t most = largest(in, p->size);
    const int32_t free = most > 0 ? 15 - tinyssl_bit_length((uint32_t)most) : 0;
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (int16_t)(in[i] * (INT32_C(1) << free));
    }
    *bits = free;
}

void tinyssl_signal_delay(const int16_t *in, int16_t *state, const struct tinyssl_signal_delay *p,
                          int16_t *out)
{
    const int32_t due = p->delay < p->length ? p->delay : p->length;
    const int32_t passed = p->length - due; /* samples that come out as they come in */
    const int32_t left = p->delay - due;    /* samples that stay due */
    for (int32_t channel = 0; channel < p->channels; channel++) {
        memcpy(out, state, (size_t)due * sizeof *out);
        memcpy(out + due, in, (size_t)passed * sizeof *out);
        memmove(state, state + due, (size_t)left * sizeof *out);
        memcpy(state + left, in + passed, (size_t)due * sizeof *out);
        in += p->length;
        out += p->length;
        state += p->delay;
    }
}

void tinyssl_signal_framer(const int16_t *in, int16_t *state, const struct tinyssl_signal_framer *p,
                           int16_t *out, uint8_t *valid)
{
    const int32_t kept = p->size - p->step;
    for (int32_t channel = 0; channel < p->channels; channel++) {
        for (int32_t frame = 0; frame < p->frames; frame++) {
            memcpy(out, state, (size_t)kept * sizeof *out);
            memcpy(out + kept, in, (size_t)p->step * sizeof *out);
            memcpy(state, out + p->step, (size_t)kept * sizeof *out);
            in += p->step;
            out += p->size;
        }
        state += kept;
    }
    *valid = 1;
}

void tinyssl_signal_overlap_add(const int16_t *in, int16_t *state,
                                const struct tinyssl_signal_framer *p, int16_t *out)
{
    const int32_t kept = p->size - p->step;
    for (int32_t channel = 0; channel < p->channels; channel++) {
        for (int32_t frame = 0; frame < p->frames; frame++) {
            for (int32_t i = 0; i < p->size; i++) {
                const int32_t x = in[i] + state[i];
                state[i] = (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
            }
            memcpy(out, state, (size_t)p->step * sizeof *out);
            memmove(state, state + p->step, (size_t)kept * sizeof *out);
            memset(state + kept, 0, (size_t)p->step * sizeof *out);
            in += p->size;
            out += p->step;
        }
        state += p->size;
    }
}

void tinyssl_signal_stacker(const int16_t *in, int16_t *state,
                            const struct tinyssl_signal_stacker *p, int16_t *out, uint8_t *valid)
{
    const size_t bytes = (size_t)p->size * sizeof *out;
    int16_t *const frames = state + 1;
    for (int32_t i = 0; i < p->before && state[0] == 0; i++) {
        memcpy(frames + i * p->size, in, bytes);
    }
    state[0] = 1;
    memcpy(out, frames, (size_t)p->before * bytes);
    memcpy(out + p->before * p->size, in, bytes);
    memcpy(frames, out + p->size, (size_t)p->before * bytes);
    *valid = 1;
}
