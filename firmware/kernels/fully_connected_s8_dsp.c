#include "fully_connected_s8_dsp.h"

#include "product4_body_dsp.h"

#if TINYSSL_DSP && defined(__thumb2__)
/* clang-format off */

/* 16 MACs in 18 instructions. Registers as in product4_body_dsp.h, but for r4 r5 weights of the first
 * channel, r8 r9 of the second, r10 r11 sums; after the loop r2 r3 words of the first channel, r6 lr
 * of the second, r7 rounding. */
#define MACS(WORD, SUM, EVEN, ODD)                                                                 \
    "sxtb16 r6, " WORD "\n smlad " SUM ", r6, " EVEN ", " SUM "\n"                                 \
    "sxtb16 r6, " WORD ", ror #8\n smlad " SUM ", r6, " ODD ", " SUM "\n"
#define STEP                                                                                       \
    "ldm r12!, {r4, r5, r8, r9}\n ldm r7!, {r0-r3}\n"                                              \
    MACS("r4", "r10", "r0", "r1") MACS("r5", "r10", "r2", "r3")                                    \
    MACS("r8", "r11", "r0", "r1") MACS("r9", "r11", "r2", "r3")
#define STEP_BYTES "70"
#define CHANNEL                                                                                    \
    TINYSSL_LABEL("tinyssl_channel_pairs")                                                         \
    "ldr r10, [r0]\n ldr r11, [r0, #8]\n ldrd r7, lr, [sp, #28]\n"                                 \
    "asr r10, r10, #7\n asr r11, r11, #7\n"
TINYSSL_CORE(tinyssl_core_pairs, STEP_BYTES, "0", CHANNEL, STEP, STEP, "3:\n")

#define ROUND_RELU(SUM, MULTIPLIER) "smmlar " SUM ", " SUM ", " MULTIPLIER ", r7\n"
#define ROUND_SIGNED(SUM, MULTIPLIER)                                                              \
    "smmlar r7, " SUM ", " MULTIPLIER ", r7\n add " SUM ", r7, " SUM ", asr #31\n"
#define OUTPUT(SIGN, SUM, WORD, MULTIPLIER)                                                        \
    "lsl r7, r4, " WORD "\n" ROUND_##SIGN(SUM, MULTIPLIER)                                         \
    "asr " SUM ", " SUM ", " WORD "\n ssat " SUM ", #8, " SUM ", asr #1\n"                         \
    "strb " SUM ", [r1], #1\n"

#define PAIRS(NAME, SIGN)                                                                          \
    TINYSSL_NAKED static void NAME(                                                                  \
        const struct tinyssl_product4_dsp *p __attribute__((unused)),                              \
        const uint8_t *column __attribute__((unused)), void *out __attribute__((unused)),          \
        int32_t step __attribute__((unused)))                                                      \
    {                                                                                              \
        __asm__ volatile(TINYSSL_ENTER("", "tinyssl_core_pairs", "tinyssl_channel_pairs")            \
                       "ldm r0!, {r2, r3, r6, lr}\n"                                               \
                       OUTPUT(SIGN, "r10", "r2", "r3") OUTPUT(SIGN, "r11", "r6", "lr")             \
                       TINYSSL_LEAVE("tinyssl_channel_pairs"));                                    \
    }

/* clang-format on */
#else

static inline void pairs(const struct tinyssl_product4_dsp *p, const uint8_t *column, int8_t *out,
                         int32_t sign)
{
    for (int32_t c = 0; c < p->out_c; c++) {
        const struct tinyssl_channel channel = tinyssl_channel_at(p->channel, c);
        const int8_t *weight = p->weight + (c >> 1) * tinyssl_product_steps(p) * 16 + (c & 1) * 8;
        int32_t sum = tinyssl_start(channel);
        for (int32_t step = 0; step < tinyssl_product_steps(p); step++, weight += 16) {
            for (int32_t half = 0; half < 2; half++) {
                const uint32_t bytes = tinyssl_load(weight + 4 * half);
                const uint8_t *at = column + 16 * step + 8 * half;
                sum = tinyssl_smlad(tinyssl_sxtb16(bytes), tinyssl_load(at), sum);
                sum = tinyssl_smlad(tinyssl_sxtb16_ror8(bytes), tinyssl_load(at + 4), sum);
            }
        }
        const int32_t rounding = tinyssl_lsl(p->rounding, channel.word);
        out[c] = tinyssl_requantise_dsp(sum, channel, rounding, sign);
    }
}

#define PAIRS(NAME, SIGN)                                                                          \
    static void NAME(const struct tinyssl_product4_dsp *p, const uint8_t *column, void *out,       \
                     int32_t step)                                                                 \
    {                                                                                              \
        (void)step;                                                                                \
        pairs(p, column, (int8_t *)out, TINYSSL_SIGN_##SIGN);                                      \
    }

#endif

PAIRS(pairs_relu, RELU)
PAIRS(pairs_signed, SIGNED)
const struct tinyssl_product_form tinyssl_pairs_relu = {pairs_relu, NULL, NULL};
const struct tinyssl_product_form tinyssl_pairs_signed = {pairs_signed, NULL, NULL};

void tinyssl_fully_connected_s8_dsp(const int8_t *in, const struct tinyssl_fully_connected_dsp *p,
                                    int8_t *out, int8_t *scratch)
{
    struct tinyssl_product4_dsp part = p->product;
    uint8_t *column = (uint8_t *)scratch;
    tinyssl_to_column(in, 0, part.depth, 1, column);
    part.out_c = (uint16_t)(p->product.out_c & ~1);
    if (part.out_c > 0) {
        part.form->one(&part, column, out, 0);
    }
    if (p->product.out_c & 1) {
        int8_t last[2];
        part.weight += part.out_c * tinyssl_product_steps(&part) * 8;
        part.channel += 2 * part.out_c;
        part.out_c = 2;
        part.form->one(&part, column, last, 0);
        out[p->product.out_c - 1] = last[0];
    }
    tinyssl_clamp_outputs(&p->product, out, 1);
}
