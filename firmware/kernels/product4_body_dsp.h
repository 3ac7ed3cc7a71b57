/* TINYSSL_PRODUCT: a function for product4_s8_dsp.h, in assembler, and in C for other computers.
 *
 * 32 MACs of one channel and four pixels take 25 instructions: one LDRD of weights, four LDM of
 * inputs, four SXTB16, sixteen SMLAD. All fourteen registers are in use there, so what the rest needs
 * waits on the stack, in the order in which one LDM brings it back. The loop is unrolled and entered
 * where the generator says, by an indirect jump. */
#ifndef TINYSSL_PRODUCT4_BODY_DSP_H
#define TINYSSL_PRODUCT4_BODY_DSP_H

#include <stddef.h>
#include <string.h>

#include "dsp.h"
#include "product4_types_dsp.h"

#if TINYSSL_DSP && defined(__thumb2__)
/* clang-format off */

/* What the assembler takes to lie where. */
#define TINYSSL_AT(member, bytes) \
    typedef char tinyssl_at_##member[offsetof(struct tinyssl_product4_dsp, member) == (bytes) ? 1 : -1]
TINYSSL_AT(weight, 0);
TINYSSL_AT(channel, 4);
TINYSSL_AT(out_c, 12);
TINYSSL_AT(rounding, 14);
TINYSSL_AT(loops, 16);
TINYSSL_AT(skip, 20);
TINYSSL_AT(half, 21);

/* The sums are those of any form: TINYSSL_CORE makes them for a number of pixels, once. A form is
 * where outputs go and how they are rounded: it enters the core, which leaves it by one LDM that brings
 * back what the form needs and jumps to where it goes on; from there the form returns for the next
 * channel.
 *
 * Registers in the loop: r0-r3 inputs, r4 r5 weights, r6 two of them as int16, r7 column, r8-r11
 * sums, r12 address of the weights, lr rounds left. After it: r0 channel, r1 out, r2 r3 steps of
 * it, r4 rounding, r5 end of the channels, r6 lr words of the channel, r7 spare.
 * Stack: 0 channel, 4 out, 8 12 steps, 16 rounding, 20 end, 24 where the form goes on, 28 column,
 * 32 rounds, 36 where the sums go on after the first step: in the loop or, with half a step, at 3, and
 * then 40 in the loop. */
/* Aligned as ADR needs it: -Os does not align functions. */
#define TINYSSL_NAKED __attribute__((naked, noinline, aligned(4)))

#define TINYSSL_LABEL(NAME) ".globl " NAME "\n.thumb_func\n" NAME ":\n"
#define TINYSSL_LEAVE_CORE "ldm sp, {r0-r5, pc}\n"

/* The beginning of a form, which r0-r3 are given to; STEPS puts the steps into r8 and r9. */
#define TINYSSL_ENTER(STEPS, CORE, CHANNEL)                                                        \
    "push {r4-r11, lr}\n sub sp, sp, #44\n" STEPS                                                  \
    "adr r12, 1f + 1\n bl " CORE "\n b.w " CHANNEL "\n1:\n"
#define TINYSSL_LEAVE(CHANNEL)                                                                     \
    "strd r0, r1, [sp]\n cmp r0, r5\n bne.w " CHANNEL "\n"                                         \
    "add sp, sp, #44\n pop {r4-r11, pc}\n"
#define TINYSSL_CHANNEL_WORDS "ldrd r6, lr, [r0], #8\n lsl r4, r4, r6\n"

/* The function NAME fills the stack; at CHANNEL begin the sums of a channel. */
#define TINYSSL_CORE(NAME, SIZE, MIDDLE, CHANNEL, FIRST, STEP, HALF)                               \
    void NAME(void);                                                                               \
    TINYSSL_NAKED __attribute__((used)) void NAME(void)                                           \
    {                                                                                              \
        __asm__ volatile("ldr r6, [r0, #4]\n mov r7, r2\n ldrh r4, [r0, #12]\n"                      \
                       "ldrsh r10, [r0, #14]\n add r11, r6, r4, lsl #3\n stm sp, {r6-r12}\n"       \
                       "ldrh r2, [r0, #16]\n ldrb r3, [r0, #20]\n"                                 \
                       "adr r4, 2f + 1\n mov r5, #" SIZE "\n mla r3, r3, r5, r4\n"                 \
                       "strd r1, r2, [sp, #28]\n str r3, [sp, #36]\n"                              \
                       "ldrb r4, [r0, #21]\n ldr r12, [r0]\n mov r0, r6\n cbz r4, 1f\n"            \
                       "adr r4, 3f + 1\n add r3, r3, #" MIDDLE "\n strd r4, r3, [sp, #36]\n"       \
                       "1: bx lr\n" CHANNEL FIRST "ldr pc, [sp, #36]\n"                            \
                       "2:\n" STEP STEP STEP STEP "subs lr, lr, #1\n bne 2b\n" TINYSSL_LEAVE_CORE  \
                           HALF);                                                                  \
    }

/* For each channel; for inputs that are not doubled, the start of the sum is halved on the way. */
#define TINYSSL_CHANNEL(PIXELS)                                                                    \
    TINYSSL_LABEL("tinyssl_channel_" PIXELS "_PLAIN")                                              \
    "ldr r8, [r0]\n asr r8, r8, #1\n b 1f\n"                                                       \
    TINYSSL_LABEL("tinyssl_channel_" PIXELS "_DOUBLED")                                            \
    "ldr r8, [r0]\n1: ldrd r7, lr, [sp, #28]\n asr r8, r8, #7\n"

/* Half a step, of which only the second half counts: its weights, and on into the middle of a step. */
#define TINYSSL_HALF4 "3: ldr r5, [r12], #4\n ldr pc, [sp, #40]\n"
#define TINYSSL_HALF2 TINYSSL_HALF4
#define TINYSSL_HALF1 "3: ldr r5, [r12], #4\n ldm r7!, {r2, r3}\n ldr pc, [sp, #40]\n"
#define TINYSSL_MIDDLE4 "48"
#define TINYSSL_MIDDLE2 "30"
#define TINYSSL_MIDDLE1 "22"

#define TINYSSL_INPUTS4(WORD)                                                                      \
    "ldm r7!, {r0-r3}\n sxtb16 r6, " WORD "\n"
#define TINYSSL_MACS4(WORD)                                                                        \
    TINYSSL_INPUTS4(WORD)                                                                          \
    "smlad r9, r6, r1, r9\n smlad r10, r6, r2, r10\n"                                              \
    "smlad r11, r6, r3, r11\n smlad r8, r6, r0, r8\n"
#define TINYSSL_FIRST4                                                                             \
    "ldrd r4, r5, [r12], #8\n" TINYSSL_INPUTS4("r4")                                               \
    "smlad r9, r6, r1, r8\n smlad r10, r6, r2, r8\n"                                               \
    "smlad r11, r6, r3, r8\n smlad r8, r6, r0, r8\n"                                               \
    TINYSSL_MACS4("r4, ror #8") TINYSSL_MACS4("r5") TINYSSL_MACS4("r5, ror #8")
#define TINYSSL_STEP4                                                                              \
    "ldrd r4, r5, [r12], #8\n" TINYSSL_MACS4("r4") TINYSSL_MACS4("r4, ror #8")                     \
    TINYSSL_MACS4("r5") TINYSSL_MACS4("r5, ror #8")
#define TINYSSL_SIZE4 "92"

#define TINYSSL_MACS2(WORD)                                                                        \
    "ldm r7!, {r0-r3}\n sxtb16 r6, " WORD "\n"                                                     \
    "smlad r9, r6, r1, r9\n smlad r8, r6, r0, r8\n"                                                \
    "sxtb16 r6, " WORD ", ror #8\n"                                                                \
    "smlad r9, r6, r3, r9\n smlad r8, r6, r2, r8\n"
#define TINYSSL_STEP2 "ldrd r4, r5, [r12], #8\n" TINYSSL_MACS2("r4") TINYSSL_MACS2("r5")
#define TINYSSL_FIRST2 "mov r9, r8\n" TINYSSL_STEP2
#define TINYSSL_SIZE2 "56"

#define TINYSSL_STEP1                                                                              \
    "ldrd r4, r5, [r12], #8\n ldm r7!, {r0-r3}\n"                                                  \
    "sxtb16 r6, r4\n smlad r8, r6, r0, r8\n sxtb16 r6, r4, ror #8\n smlad r8, r6, r1, r8\n"        \
    "sxtb16 r6, r5\n smlad r8, r6, r2, r8\n sxtb16 r6, r5, ror #8\n smlad r8, r6, r3, r8\n"
#define TINYSSL_FIRST1 TINYSSL_STEP1
#define TINYSSL_SIZE1 "38"

/* As tinyssl_requantise_relu and tinyssl_requantise_signed. */
#define TINYSSL_ROUND_RELU(SUM) "smmlar " SUM ", " SUM ", lr, r4\n"
#define TINYSSL_ROUND_SIGNED(SUM)                                                                  \
    "smmlar r7, " SUM ", lr, r4\n add " SUM ", r7, " SUM ", asr #31\n"
#define TINYSSL_NARROW(SUM) "asr " SUM ", " SUM ", r6\n ssat " SUM ", #8, " SUM ", asr #1\n"
#define TINYSSL_DOUBLED_RELU(SUM) TINYSSL_ROUND_RELU(SUM) TINYSSL_NARROW(SUM)
#define TINYSSL_DOUBLED_SIGNED(SUM) TINYSSL_ROUND_SIGNED(SUM) TINYSSL_NARROW(SUM)
#define TINYSSL_PLAIN_RELU(SUM) "lsl " SUM ", " SUM ", #1\n" TINYSSL_DOUBLED_RELU(SUM)
#define TINYSSL_PLAIN_SIGNED(SUM) "lsl " SUM ", " SUM ", #1\n" TINYSSL_DOUBLED_SIGNED(SUM)

#define TINYSSL_BYTES1(FORM) FORM("r8") "strb r8, [r1], #1\n"
#define TINYSSL_BYTES2(FORM) FORM("r9") "strb r9, [r1, r2]\n" TINYSSL_BYTES1(FORM)
#define TINYSSL_BYTES4(FORM)                                                                       \
    FORM("r10") "strb r10, [r1, r2, lsl #1]\n" FORM("r11") "strb r11, [r1, r3]\n"                  \
    TINYSSL_BYTES2(FORM)
#define TINYSSL_PLANES1(FORM) FORM("r8") "strh r8, [r1]\n add r1, r1, r2\n"
#define TINYSSL_PLANES2(FORM) FORM("r9") "strh r9, [r1, r3]\n" TINYSSL_PLANES1(FORM)
#define TINYSSL_PLANES4(FORM)                                                                      \
    FORM("r9") "strh r9, [r1, r3]\n" FORM("r8") "strh r8, [r1], #12\n"                             \
    FORM("r11") "strh r11, [r1, r3]\n" FORM("r10") "strh r10, [r1]\n add r1, r1, r2\n"

/* r8 and r9: bytes from a pixel to the next, and three times that; for planes from a channel to the
 * next, less what the stores have moved on by, and from a pixel to the next, which lies in the same
 * pair of columns or not. */
#define TINYSSL_STEPS_BYTES(MOVED) "mov r8, r3\n add r9, r3, r3, lsl #1\n"
#define TINYSSL_STEPS_PLANES(MOVED)                                                                \
    "sub r8, r3, #" MOVED "\n and r9, r2, #2\n lsl r9, r9, #2\n add r9, r9, #2\n"
#define TINYSSL_MOVED1 "0"
#define TINYSSL_MOVED2 "0"
#define TINYSSL_MOVED4 "12"

#define TINYSSL_PRODUCT(NAME, PIXELS, INPUT, SIGN, OUTPUT)                                         \
    TINYSSL_NAKED static void NAME(                                                                  \
        const struct tinyssl_product4_dsp *p __attribute__((unused)),                              \
        const uint8_t *column __attribute__((unused)), void *out __attribute__((unused)),          \
        int32_t step __attribute__((unused)))                                                      \
    {                                                                                              \
        __asm__ volatile(TINYSSL_ENTER(TINYSSL_STEPS_##OUTPUT(TINYSSL_MOVED##PIXELS),                \
                                     "tinyssl_core_" #PIXELS, "tinyssl_channel_" #PIXELS "_" #INPUT) \
                           TINYSSL_CHANNEL_WORDS TINYSSL_##OUTPUT##PIXELS(TINYSSL_##INPUT##_##SIGN) \
                               TINYSSL_LEAVE("tinyssl_channel_" #PIXELS "_" #INPUT));              \
    }

#define TINYSSL_PRODUCT_CORE(PIXELS)                                                               \
    TINYSSL_CORE(tinyssl_core_##PIXELS, TINYSSL_SIZE##PIXELS, TINYSSL_MIDDLE##PIXELS,              \
                 TINYSSL_CHANNEL(#PIXELS), TINYSSL_FIRST##PIXELS, TINYSSL_STEP##PIXELS,            \
                 TINYSSL_HALF##PIXELS)

/* clang-format on */
#else

enum {
    TINYSSL_INPUT_PLAIN,
    TINYSSL_INPUT_DOUBLED,
    TINYSSL_SIGN_RELU = 0,
    TINYSSL_SIGN_SIGNED = 1,
    TINYSSL_TO_BYTES = 0,
    TINYSSL_TO_PLANES = 1
};

/* What a form fixes. */
struct tinyssl_product_kind {
    int32_t pixels, doubled, sign, planes;
};

static inline int32_t tinyssl_product_sum(const struct tinyssl_product4_dsp *p, int32_t channel,
                                          const uint8_t *column, int32_t pixels, int32_t sum)
{
    const int32_t groups = 2 * tinyssl_product_steps(p) - p->half;
    const int8_t *weight = p->weight + channel * groups * 4;
    for (int32_t group = 0; group < groups; group++, weight += 4, column += 8 * pixels) {
        const uint32_t bytes = tinyssl_load(weight);
        sum = tinyssl_smlad(tinyssl_sxtb16(bytes), tinyssl_load(column), sum);
        sum = tinyssl_smlad(tinyssl_sxtb16_ror8(bytes), tinyssl_load(column + 4 * pixels), sum);
    }
    return sum;
}

static inline void tinyssl_product_c(const struct tinyssl_product4_dsp *p, const uint8_t *column,
                                     void *out, int32_t step, struct tinyssl_product_kind kind)
{
    for (int32_t c = 0; c < p->out_c; c++) {
        const struct tinyssl_channel channel = tinyssl_channel_at(p->channel, c);
        const int32_t rounding = tinyssl_lsl(p->rounding, channel.word);
        const int32_t start = kind.doubled ? tinyssl_start(channel) : channel.word >> 8;
        for (int32_t i = 0; i < kind.pixels; i++) {
            const int32_t sum = tinyssl_product_sum(p, c, column + 4 * i, kind.pixels, start);
            const int32_t sum2 = kind.doubled ? sum : (int32_t)((uint32_t)sum * 2U);
            const int16_t y = tinyssl_requantise_dsp(sum2, channel, rounding, kind.sign);
            if (kind.planes) {
                memcpy(tinyssl_plane_pixel((uint8_t *)out + c * step, i), &y, sizeof y);
            } else {
                ((int8_t *)out)[i * step + c] = (int8_t)y;
            }
        }
    }
}

#define TINYSSL_PRODUCT(NAME, PIXELS, INPUT, SIGN, OUTPUT)                                         \
    static void NAME(const struct tinyssl_product4_dsp *p, const uint8_t *column, void *out,       \
                     int32_t step)                                                                 \
    {                                                                                              \
        const struct tinyssl_product_kind kind = {PIXELS, TINYSSL_INPUT_##INPUT,                   \
                                                  TINYSSL_SIGN_##SIGN, TINYSSL_TO_##OUTPUT};       \
        tinyssl_product_c(p, column, out, step, kind);                                             \
    }
#define TINYSSL_PRODUCT_CORE(PIXELS)

#endif

/* The three functions of a form, and its table. */
#define TINYSSL_FORM(NAME, INPUT, SIGN, OUTPUT)                                                    \
    TINYSSL_PRODUCT(NAME##_1, 1, INPUT, SIGN, OUTPUT)                                              \
    TINYSSL_PRODUCT(NAME##_2, 2, INPUT, SIGN, OUTPUT)                                              \
    TINYSSL_PRODUCT(NAME##_4, 4, INPUT, SIGN, OUTPUT)                                              \
    const struct tinyssl_product_form NAME = {NAME##_1, NAME##_2, NAME##_4};                       \
    const struct tinyssl_product_form NAME##_fours = {NULL, NULL, NAME##_4};                       \
    const struct tinyssl_product_form NAME##_fours_two = {NULL, NAME##_2, NAME##_4};               \
    const struct tinyssl_product_form NAME##_fours_one = {NAME##_1, NULL, NAME##_4};

#endif
