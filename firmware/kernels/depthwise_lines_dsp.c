#include "depthwise_lines_dsp.h"

#include <stddef.h>

#include "lanes_dsp.h"

/* A row of three taps as two pairs, doubled. */
TINYSSL_INLINE void prepare_row(uint32_t *pairs, const int8_t *taps)
{
    const uint32_t bytes = tinyssl_load(taps);
    const uint32_t outer = tinyssl_sxtb16(bytes);       /* taps 0 and 2 */
    const uint32_t middle = tinyssl_sxtb16_ror8(bytes); /* tap 1 */
    const uint32_t outer2 = tinyssl_sadd16(outer, outer);
    const uint32_t middle2 = tinyssl_sadd16(middle, middle);
    pairs[0] = tinyssl_pkhbt_lsl16(outer2, middle2);
    pairs[1] = tinyssl_pkhbt(middle2, outer2);
}

void tinyssl_prepare_line(struct tinyssl_line *line, const int8_t *taps,
                          struct tinyssl_channel channel, int32_t out_zero, const uint8_t *plane,
                          int32_t stride, int32_t count, int32_t step)
{
    const int32_t start = tinyssl_start(channel);
    line->word = channel.word;
    line->step = step;
    line->end = tinyssl_line_end(plane, stride, count);
    line->multiplier = channel.multiplier;
    line->rounding = tinyssl_depthwise_rounding(out_zero, channel);
    line->start[0] = start;
    line->start[1] = start;
    line->odd = count & 1;
    prepare_row(line->taps, taps);
    prepare_row(line->taps + 2, taps + 3);
    prepare_row(line->taps + 4, taps + 6);
    memcpy(line->taps + 6, line->taps, 4 * sizeof line->taps[0]);
}

#if TINYSSL_DSP
/* clang-format off */

/* Registers: r0 plane, r1 line, r2 out, r4 to r9 the taps (of each slot: taps 0 and 1, taps 1 and
 * 2), r10 to r12 words of the three slots, r3 and lr the sums of two neighbouring outputs. There is
 * no other register, so the numbers of the requantisation are loaded anew for each pair. */
_Static_assert(offsetof(struct tinyssl_line, step) == 4 && offsetof(struct tinyssl_line, end) == 8 &&
                   offsetof(struct tinyssl_line, multiplier) == 12 &&
                   offsetof(struct tinyssl_line, rounding) == 16 &&
                   offsetof(struct tinyssl_line, start) == 20 &&
                   offsetof(struct tinyssl_line, odd) == 28,
               "the instructions below know these places");

/* sum += word of each slot (x) its taps: `front` (r4, r6, r8) or `back` (r5, r7, r9). */
#define FRONT(instruction, sum)                                                                    \
    instruction " " sum ", r10, r4, " sum "\n" instruction " " sum ", r11, r6, " sum "\n"          \
    instruction " " sum ", r12, r8, " sum "\n"
#define BACK(instruction, sum)                                                                     \
    instruction " " sum ", r10, r5, " sum "\n" instruction " " sum ", r11, r7, " sum "\n"          \
    instruction " " sum ", r12, r9, " sum "\n"
#define NEXT_WORDS "ldm r0!, {r10, r11, r12}\n"
#define THESE_WORDS "ldm r0, {r10, r11, r12}\n"

/* Windows at columns 0 and 1 of the plane's next two pairs; at 0 and 2 of the next three. */
#define SUMS_1                                                                                     \
    NEXT_WORDS FRONT("smlad", "r3") FRONT("smlatb", "lr")                                          \
    THESE_WORDS BACK("smlabt", "r3") BACK("smlad", "lr")
#define SUMS_2                                                                                     \
    NEXT_WORDS FRONT("smlad", "r3")                                                                \
    NEXT_WORDS BACK("smlabt", "r3") FRONT("smlad", "lr")                                           \
    THESE_WORDS BACK("smlabt", "lr")
#define SUM_OF_LAST                                                                                \
    NEXT_WORDS FRONT("smlad", "r3")                                                                \
    THESE_WORDS BACK("smlabt", "r3")

#define PRODUCTS_relu                                                                              \
    "ldrd r10, r11, [r1, #12]\n"                                                                   \
    "smmlar r3, r3, r10, r11\n"                                                                    \
    "smmlar lr, lr, r10, r11\n"
#define PRODUCTS_signed                                                                            \
    "ldrd r10, r11, [r1, #12]\n"                                                                   \
    "add r12, r11, r3, asr #31\n"                                                                  \
    "add r11, r11, lr, asr #31\n"                                                                  \
    "smmlar r3, r3, r10, r12\n"                                                                    \
    "smmlar lr, lr, r10, r11\n"
#define STORE_relu                                                                                 \
    "ssat r3, #8, r3\n"                                                                           \
    "ssat lr, #8, lr\n"                                                                           \
    "strb r3, [r2]\n"                                                                              \
    "strb lr, [r2, r11]\n"                                                                         \
    "add r2, r2, r11, lsl #1\n"
#define STORE_signed STORE_relu
#define STORE_LAST_relu "ssat r3, #8, r3\nstrb r3, [r2]\n"
#define STORE_LAST_signed STORE_LAST_relu

#define UNUSED __attribute__((unused))

/* The last output of an odd count has a sum alone: lr is of no use to it. */
#define LINE(stride, form)                                                                         \
    __attribute__((naked)) void tinyssl_line_##stride##_##form(                                    \
        const uint8_t *plane UNUSED, const struct tinyssl_line *line UNUSED,                       \
        const uint32_t *taps UNUSED, int8_t *out UNUSED)                                           \
    {                                                                                              \
        __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n"                                 \
              "ldm r2, {r4, r5, r6, r7, r8, r9}\n"                                                 \
              "mov r2, r3\n"                                                                       \
              "ldr r12, [r1, #8]\n"                                                                \
              "cmp r0, r12\n"                                                                      \
              "beq 2f\n"                                                                           \
              "1: ldrd r3, lr, [r1, #20]\n" SUMS_##stride PRODUCTS_##form                          \
              "ldm r1, {r10, r11, r12}\n"                                                          \
              "asr r3, r3, r10\n"                                                                  \
              "asr lr, lr, r10\n" STORE_##form "cmp r0, r12\n"                                     \
              "bne 1b\n"                                                                           \
              "2: ldr r12, [r1, #28]\n"                                                            \
              "cmp r12, #0\n"                                                                      \
              "beq 3f\n"                                                                           \
              "ldrd r3, lr, [r1, #20]\n" SUM_OF_LAST PRODUCTS_##form                               \
              "ldr r10, [r1]\n"                                                                    \
              "asr r3, r3, r10\n" STORE_LAST_##form                                                \
              "3: pop {r4, r5, r6, r7, r8, r9, r10, r11, r12, pc}\n");                             \
    }

/* Two outputs into a column of four; they are its third and fourth where NEXT moves on. */
#define PAIR_TO_COLUMN(stride, first, second, NEXT)                                                \
    "ldrd r3, lr, [r1, #20]\n" SUMS_##stride PRODUCTS_relu                                         \
    "ldm r1, {r10, r11, r12}\n"                                                                    \
    "asr r3, r3, r10\n"                                                                            \
    "asr lr, lr, r10\n"                                                                            \
    "usat r3, #8, r3\n"                                                                           \
    "usat lr, #8, lr\n"                                                                           \
    "strh r3, [r2, #" first "]\n"                                                                  \
    "strh lr, [r2, #" second "]\n" NEXT "cmp r0, r12\n"

#define LINE_TO_COLUMNS(stride)                                                                    \
    __attribute__((naked)) void tinyssl_line_##stride##_columns(                                   \
        const uint8_t *plane UNUSED, const struct tinyssl_line *line UNUSED,                       \
        const uint32_t *taps UNUSED, int8_t *out UNUSED)                                           \
    {                                                                                              \
        __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n"                                 \
              "ldm r2, {r4, r5, r6, r7, r8, r9}\n"                                                 \
              "mov r2, r3\n"                                                                       \
              "ldr r12, [r1, #8]\n"                                                                \
              "cmp r0, r12\n"                                                                      \
              "beq 2f\n"                                                                           \
              "1:\n" PAIR_TO_COLUMN(stride, "0", "4", "")                                          \
              "beq 2f\n" PAIR_TO_COLUMN(stride, "8", "12", "add r2, r2, r11\n")                    \
              "bne 1b\n"                                                                           \
              "2: ldr r12, [r1, #28]\n"                                                            \
              "cmp r12, #0\n"                                                                      \
              "beq 3f\n"                                                                           \
              "ldrd r3, lr, [r1, #20]\n" SUM_OF_LAST PRODUCTS_relu                                 \
              "ldr r10, [r1]\n"                                                                    \
              "asr r3, r3, r10\n"                                                                  \
              "usat r3, #8, r3\n"                                                                 \
              "strh r3, [r2]\n"                                                                    \
              "3: pop {r4, r5, r6, r7, r8, r9, r10, r11, r12, pc}\n");                             \
    }

/* clang-format on */
#else

/* Windows at columns 0 to 2 of the three rows. */
static int32_t sum(const uint8_t *plane, const uint32_t *taps, int32_t start)
{
    for (int32_t slot = 0; slot < TINYSSL_PLANE_WORDS; slot++, plane += 4, taps += 2) {
        start = tinyssl_smlad(tinyssl_load(plane), taps[0], start);
        start = tinyssl_smlabt(tinyssl_load(plane + 4 * TINYSSL_PLANE_WORDS), taps[1], start);
    }
    return start;
}

/* The same from column 1 on. */
static int32_t sum_of_second(const uint8_t *plane, const uint32_t *taps, int32_t start)
{
    for (int32_t slot = 0; slot < TINYSSL_PLANE_WORDS; slot++, plane += 4, taps += 2) {
        start = tinyssl_smlatb(tinyssl_load(plane), taps[0], start);
        start = tinyssl_smlad(tinyssl_load(plane + 4 * TINYSSL_PLANE_WORDS), taps[1], start);
    }
    return start;
}

enum { FORM_relu, FORM_signed };

static void store_output(int32_t sum2, const struct tinyssl_line *line, int32_t form, int8_t *out)
{
    const struct tinyssl_channel channel = {line->word, line->multiplier};
    *out = tinyssl_requantise_depthwise(sum2, channel, line->rounding, form == FORM_signed);
}

/* An output, raised by 128 already, as int16. */
static void put_raised(int32_t sum2, const struct tinyssl_line *line, int8_t *out)
{
    const int32_t x = tinyssl_smmlar(sum2, line->multiplier, line->rounding);
    const int32_t y = tinyssl_asr(x, line->word);
    const uint16_t value = (uint16_t)(y < 0 ? 0 : y > UINT8_MAX ? UINT8_MAX : y);
    memcpy(out, &value, sizeof value);
}

static void run(const uint8_t *plane, const struct tinyssl_line *line, const uint32_t *taps,
                int32_t stride, int32_t form, int8_t *out)
{
    const int32_t word = 4 * TINYSSL_PLANE_WORDS;
    for (; (uint32_t)(uintptr_t)plane != line->end; plane += stride * word, out += 2 * line->step) {
        const int32_t b = stride == 1 ? sum_of_second(plane, taps, line->start[1])
                                      : sum(plane + word, taps, line->start[1]);
        store_output(sum(plane, taps, line->start[0]), line, form, out);
        store_output(b, line, form, out + line->step);
    }
    if (line->odd) {
        store_output(sum(plane, taps, line->start[0]), line, form, out);
    }
}

static void run_to_columns(const uint8_t *plane, const struct tinyssl_line *line,
                           const uint32_t *taps, int32_t stride, int8_t *out)
{
    const int32_t word = 4 * TINYSSL_PLANE_WORDS;
    int32_t pair = 0;
    for (; (uint32_t)(uintptr_t)plane != line->end; plane += stride * word, pair ^= 1) {
        const int32_t b = stride == 1 ? sum_of_second(plane, taps, line->start[1])
                                      : sum(plane + word, taps, line->start[1]);
        put_raised(sum(plane, taps, line->start[0]), line, out + 8 * pair);
        put_raised(b, line, out + 8 * pair + 4);
        out += pair * line->step;
    }
    if (line->odd) {
        put_raised(sum(plane, taps, line->start[0]), line, out);
    }
}

#define LINE_TO_COLUMNS(stride)                                                                    \
    void tinyssl_line_##stride##_columns(const uint8_t *plane, const struct tinyssl_line *line,    \
                                         const uint32_t *taps, int8_t *out)                        \
    {                                                                                              \
        run_to_columns(plane, line, taps, stride, out);                                            \
    }

#define LINE(stride, form)                                                                         \
    void tinyssl_line_##stride##_##form(const uint8_t *plane, const struct tinyssl_line *line,     \
                                        const uint32_t *taps, int8_t *out)                         \
    {                                                                                              \
        run(plane, line, taps, stride, FORM_##form, out);                                          \
    }

#endif

LINE(1, relu)
LINE(2, relu)
LINE(1, signed)
LINE(2, signed)
LINE_TO_COLUMNS(1)
LINE_TO_COLUMNS(2)
