#include "depthwise_image_s8_dsp.h"

#include <stddef.h>

#include "lanes_dsp.h"

/* Four channels at a time, as a word holds them: the image of each, with its padding, as int16 in
 * scratch; then all sums of each. Two neighbouring outputs share the words of their inputs. */

enum { LANES = 4, TAPS = 9 };

#if TINYSSL_DSP
/* clang-format off */

/* Registers: r0 place in the plane, r1 state, r2 out, r3 and lr the sums of two neighbouring
 * outputs, r4 to r9 the taps (of each row: 0 and 1, 1 and 2, doubled), r10 and r11 words of a row,
 * r12 bytes from an output to the next. */
_Static_assert(offsetof(struct tinyssl_planes, multiplier) == 8 &&
                   offsetof(struct tinyssl_planes, start) == 16 &&
                   offsetof(struct tinyssl_planes, step) == 24 &&
                   offsetof(struct tinyssl_planes, odd) == 36 &&
                   offsetof(struct tinyssl_planes, weight) == 44 &&
                   offsetof(struct tinyssl_planes, out_zero) == 52 &&
                   offsetof(struct tinyssl_planes, out) == 60 &&
                   offsetof(struct tinyssl_planes, last) == 72,
               "the instructions below know these places");

#define TAPS_OF_ROW(front, back)                                                                   \
    "ldr r3, [r0], #3\n"                                                                           \
    "sxtb16 r10, r3\n"                                                                             \
    "sxtb16 r11, r3, ror #8\n"                                                                     \
    "sadd16 r10, r10, r10\n"                                                                       \
    "sadd16 r11, r11, r11\n"                                                                       \
    "pkhbt " front ", r10, r11, lsl #16\n"                                                         \
    "pkhbt " back ", r11, r10\n"

#define NEXT_CHANNEL                                                                               \
    "ldr r0, [r1, #44]\n" TAPS_OF_ROW("r4", "r5") TAPS_OF_ROW("r6", "r7") TAPS_OF_ROW("r8", "r9")  \
    "ldr r2, [r1, #48]\n"                                                                          \
    "ldrd r10, r11, [r2], #8\n" /* word, multiplier */                                             \
    "strd r0, r2, [r1, #44]\n"                                                                     \
    "ldr r3, [r1, #52]\n"                                                                          \
    "lsl r12, r3, r10\n"                                                                           \
    "mov r3, #1\n"                                                                                 \
    "lsl r3, r3, r10\n"                                                                            \
    "add r12, r12, r3, lsr #1\n"                                                                   \
    "strd r11, r12, [r1, #8]\n"                                                                    \
    "asr r3, r10, #7\n"                                                                            \
    "str r3, [r1, #16]\n"                                                                          \
    "str r3, [r1, #20]\n"                                                                          \
    "ldrd r0, r2, [r1, #56]\n" /* plane, out */                                                    \
    "ldr r11, [r1, #64]\n"                                                                         \
    "add r11, r11, r0\n"                                                                           \
    "add r12, r2, #1\n"                                                                            \
    "strd r11, r12, [r1, #56]\n"                                                                   \
    "ldr r11, [r1, #40]\n"                                                                         \
    "add r11, r11, r0\n"                                                                           \
    "str r11, [r1, #72]\n"                                                                         \
    "ldr r11, [r1, #32]\n"                                                                         \
    "add r11, r11, r0\n"                                                                           \
    "strd r10, r11, [r1]\n"                                                                        \
    "ldr r12, [r1, #24]\n"

/* Windows at columns 0 and 1 of a row's next two words; `words` loads them to r10 and r11. */
#define ROW_1(words, front, back)                                                                  \
    words "smlad r3, r10, " front ", r3\n"                                                         \
    "smlatb lr, r10, " front ", lr\n"                                                              \
    "smlabt r3, r11, " back ", r3\n"                                                               \
    "smlad lr, r11, " back ", lr\n"
#define SUMS_1(pitch)                                                                              \
    ROW_1("ldrd r10, r11, [r0, #" #pitch "]\n", "r6", "r7")                                        \
    ROW_1("ldrd r10, r11, [r0, #2 * " #pitch "]\n", "r8", "r9")                                    \
    ROW_1("ldrd r10, r11, [r0], #4\n", "r4", "r5")

/* Windows at columns 0 and 2; `third` loads the third word to r10. */
#define ROW_2(words, third, front, back)                                                           \
    words "smlad r3, r10, " front ", r3\n"                                                         \
    "smlabt r3, r11, " back ", r3\n"                                                               \
    "smlad lr, r11, " front ", lr\n" third "smlabt lr, r10, " back ", lr\n"
#define SUMS_2(pitch)                                                                              \
    ROW_2("ldrd r10, r11, [r0, #" #pitch "]\n", "ldr r10, [r0, #" #pitch " + 8]\n", "r6", "r7")    \
    ROW_2("ldrd r10, r11, [r0, #2 * " #pitch "]\n", "ldr r10, [r0, #2 * " #pitch " + 8]\n", "r8",  \
          "r9")                                                                                    \
    ROW_2("ldrd r10, r11, [r0]\n", "ldr r10, [r0, #8]!\n", "r4", "r5")

#define LAST_OF_ROW(words, front, back)                                                            \
    words "smlad r3, r10, " front ", r3\n"                                                         \
    "smlabt r3, r11, " back ", r3\n"
#define SUM_OF_LAST(pitch)                                                                         \
    LAST_OF_ROW("ldrd r10, r11, [r0]\n", "r4", "r5")                                               \
    LAST_OF_ROW("ldrd r10, r11, [r0, #" #pitch "]\n", "r6", "r7")                                  \
    LAST_OF_ROW("ldrd r10, r11, [r0, #2 * " #pitch "]\n", "r8", "r9")

#define PRODUCTS_relu                                                                              \
    "ldrd r10, r11, [r1, #8]\n"                                                                    \
    "smmlar r3, r3, r10, r11\n"                                                                    \
    "smmlar lr, lr, r10, r11\n"
/* r12 serves as another register, and is loaded again. */
#define PRODUCTS_signed                                                                            \
    "ldrd r10, r11, [r1, #8]\n"                                                                    \
    "add r12, r11, r3, asr #31\n"                                                                  \
    "add r11, r11, lr, asr #31\n"                                                                  \
    "smmlar r3, r3, r10, r12\n"                                                                    \
    "smmlar lr, lr, r10, r11\n"                                                                    \
    "ldr r12, [r1, #24]\n"

#define IMAGE(pitch, stride, form)                                                                 \
    __attribute__((naked)) void tinyssl_image_##pitch##_##stride##_##form(                         \
        struct tinyssl_planes *state __attribute__((unused)))                                      \
    {                                                                                              \
        __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n"                                 \
              "mov r1, r0\n"                                                                       \
              "1:\n" NEXT_CHANNEL "2: ldrd r3, lr, [r1, #16]\n" SUMS_##stride(pitch)               \
                  PRODUCTS_##form "ldrd r10, r11, [r1]\n"                                          \
              "asr r3, r3, r10\n"                                                                  \
              "asr lr, lr, r10\n"                                                                  \
              "ssat r3, #8, r3\n"                                                                 \
              "ssat lr, #8, lr\n"                                                                 \
              "strb r3, [r2]\n"                                                                    \
              "strb lr, [r2, r12]\n"                                                               \
              "add r2, r2, r12, lsl #1\n"                                                          \
              "cmp r0, r11\n"                                                                      \
              "bne 2b\n"                                                                           \
              "ldr r3, [r1, #36]\n"                                                                \
              "cbz r3, 3f\n"                                                                       \
              "ldrd r3, lr, [r1, #16]\n" SUM_OF_LAST(pitch) PRODUCTS_##form                        \
              "ldrd r10, r11, [r1]\n"                                                              \
              "asr r3, r3, r10\n"                                                                  \
              "ssat r3, #8, r3\n"                                                                 \
              "strb r3, [r2]\n"                                                                    \
              "add r2, r2, r12\n"                                                                  \
              "3: ldr r10, [r1, #28]\n"                                                            \
              "add r11, r11, #" #stride " * " #pitch "\n"                                          \
              "str r11, [r1, #4]\n"                                                                \
              "add r0, r0, r10\n"                                                                  \
              "ldr r10, [r1, #72]\n"                                                               \
              "cmp r0, r10\n"                                                                      \
              "bne 2b\n"                                                                           \
              "ldr r3, [r1, #68]\n"                                                                \
              "subs r3, r3, #1\n"                                                                  \
              "str r3, [r1, #68]\n"                                                                \
              "bne 1b\n"                                                                           \
              "pop {r4, r5, r6, r7, r8, r9, r10, r11, r12, pc}\n");                                \
    }

/* clang-format on */
#else

static int32_t sum(const struct tinyssl_planes *state, const uint8_t *at, const int8_t *taps,
                   int32_t pitch)
{
    int32_t total = state->start[0];
    for (int32_t row = 0; row < 3; row++, at += pitch) {
        for (int32_t column = 0; column < 3; column++) {
            int16_t x;
            memcpy(&x, at + 2 * column, sizeof x);
            total = tinyssl_wrap_add(total, 2 * taps[3 * row + column] * x);
        }
    }
    return total;
}

static void one(struct tinyssl_planes *s, int32_t pitch, int32_t stride, int32_t sign)
{
    const struct tinyssl_channel channel = {s->channel[0], s->channel[1]};
    const int32_t rounding = tinyssl_depthwise_rounding(s->out_zero, channel);
    const int32_t count = s->pairs / stride / 4 * 2 + s->odd;
    int8_t *out = s->out++;
    s->start[0] = tinyssl_start(channel);
    for (int32_t y = 0; y < s->rows; y += stride * pitch) {
        for (int32_t x = 0; x < count; x++, out += s->step) {
            const int32_t total = sum(s, s->plane + y + 2 * stride * x, s->weight, pitch);
            *out = tinyssl_requantise_depthwise(total, channel, rounding, sign);
        }
    }
    s->plane += s->plane_bytes;
    s->weight += TAPS;
    s->channel += 2;
}

enum { SIGN_relu = 0, SIGN_signed = 1 };

#define IMAGE(pitch, stride, form)                                                                 \
    void tinyssl_image_##pitch##_##stride##_##form(struct tinyssl_planes *state)                   \
    {                                                                                              \
        for (; state->left > 0; state->left--) {                                                   \
            one(state, pitch, stride, SIGN_##form);                                                \
        }                                                                                          \
    }

#endif

IMAGE(16, 1, relu)
IMAGE(16, 2, relu)
IMAGE(32, 1, relu)
IMAGE(32, 2, relu)
IMAGE(16, 1, signed)
IMAGE(16, 2, signed)
IMAGE(32, 1, signed)
IMAGE(32, 2, signed)

/* The image of the four channels that `in` starts at, between its padding. */
static void widen(const int8_t *in, const struct tinyssl_depthwise_image_dsp *p, uint8_t *planes)
{
    const int32_t bytes = p->rows * p->pitch;
    const int32_t step = p->channels;
    const int32_t pitch = p->pitch;
    const int32_t row = p->in_w * step;
    const int32_t shifted = p->pad_left & 1;
    const int32_t width = p->copied_w - shifted;
    uint8_t *line = planes + p->pad_top * pitch + p->pad_left * 2;
    for (int32_t y = p->copied_h; y > 0; y--, in += row, line += pitch) {
        const int8_t *from = in;
        uint8_t *to = line;
        if (shifted != 0) {
            tinyssl_widen_pixel(to, bytes, tinyssl_load(from));
            from += step, to += 2;
        }
        int32_t left = width;
        for (; left >= 2; left -= 2, from += 2 * step, to += 4) {
            tinyssl_widen_pair(to, bytes, tinyssl_load(from), tinyssl_load(from + step));
        }
        if (left > 0) {
            tinyssl_widen_pixel(to, bytes, tinyssl_load(from));
        }
    }
}

void tinyssl_depthwise_image_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_image_dsp *p,
                                    int8_t *out, int8_t *scratch)
{
    uint8_t *planes = (uint8_t *)scratch;
    const int32_t channels = p->channels;
    const int32_t bytes = p->rows * p->pitch;
    const int32_t pairs = p->out_w / 2 * p->stride * 4;
    const uint32_t zero = tinyssl_pair(p->in_zero, p->in_zero);
    for (int32_t i = 0; i < LANES * bytes; i += 4) {
        tinyssl_store(planes + i, zero);
    }
    struct tinyssl_planes state; /* what is not set here is set for each channel */
    state.step = channels;
    state.skip = p->stride * p->pitch - pairs;
    state.pairs = pairs;
    state.odd = p->out_w & 1;
    state.rows = p->out_h * p->stride * p->pitch;
    state.weight = p->weight;
    state.channel = p->channel;
    state.out_zero = p->out_zero;
    state.out = out;
    state.plane_bytes = bytes;
    for (int32_t c = 0; c < channels; c += LANES) {
        if (c + LANES > channels) { /* some twice at the end */
            c = channels - LANES;
            state.weight = p->weight + c * TAPS;
            state.channel = p->channel + 2 * c;
            state.out = out + c;
        }
        widen(in + c, p, planes);
        state.plane = planes;
        state.left = LANES;
        p->four(&state);
    }
    tinyssl_narrow(out, p->out_h * p->out_w * channels, p->out_min, p->out_max);
}
