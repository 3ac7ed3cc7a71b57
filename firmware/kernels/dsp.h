/* The instructions of the Armv7E-M DSP extension that the *_dsp kernels use, by Arm's names, and the same
 * in plain C: equal to the bit, so that a kernel can be tested on any computer. The plain C says what
 * each computes.
 * A word of two int16 is called a pair: the first in the low half. Memory is little-endian. */
#ifndef TINYSSL_DSP_H
#define TINYSSL_DSP_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the dsp kernels need a little-endian computer"
#endif

#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__)
#define TINYSSL_DSP 1
#include <arm_acle.h>
#else
#define TINYSSL_DSP 0
#endif

#if defined(__clang__)
#define TINYSSL_UNROLL _Pragma("clang loop unroll_count(4)")
#elif defined(__GNUC__)
#define TINYSSL_UNROLL _Pragma("GCC unroll 4")
#else
#define TINYSSL_UNROLL
#endif

/* A word from any address: one LDR, as Armv7-M allows unaligned ones. */
static inline uint32_t tinyssl_load(const void *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline void tinyssl_store(void *at, uint32_t word)
{
    memcpy(at, &word, sizeof word);
}

/* The halves of a pair as int32. */
static inline int32_t tinyssl_low(uint32_t pair)
{
    return (int16_t)(uint16_t)pair;
}

static inline int32_t tinyssl_high(uint32_t pair)
{
    return (int16_t)(uint16_t)(pair >> 16);
}

#if TINYSSL_DSP

/* Arm's intrinsics (ACLE, arm_acle.h) where GCC 12 has them; of the others, the instruction. A pair is
 * ACLE's int16x2_t, four bytes are its int8x4_t. */

static inline uint32_t tinyssl_sxtb16(uint32_t bytes)
{
    return (uint32_t)__sxtb16((int8x4_t)bytes);
}

static inline int32_t tinyssl_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

static inline int32_t tinyssl_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlabt((int32_t)a, (int32_t)b, sum);
}

static inline int32_t tinyssl_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlatb((int32_t)a, (int32_t)b, sum);
}

static inline uint32_t tinyssl_sadd16(uint32_t a, uint32_t b)
{
    return (uint32_t)__sadd16((int16x2_t)a, (int16x2_t)b);
}

/* GCC 12's __ssat() is a macro that -Wconversion warns about. */
static inline int8_t tinyssl_ssat8_asr1(int32_t x)
{
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #1" : "=r"(result) : "r"(x));
    return (int8_t)result;
}

static inline int8_t tinyssl_ssat8(int32_t x)
{
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
    return (int8_t)result;
}

static inline uint32_t tinyssl_sxtb16_ror8(uint32_t bytes)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

static inline uint32_t tinyssl_pkhbt_lsl16(uint32_t low, uint32_t high)
{
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(low), "r"(high));
    return pair;
}

/* Two int32 modulo 2^16 as a pair. */
static inline uint32_t tinyssl_pair(int32_t low, int32_t high)
{
    return tinyssl_pkhbt_lsl16((uint32_t)low, (uint32_t)high);
}

static inline int32_t tinyssl_smmlar(int32_t a, int32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t tinyssl_lsl(int32_t x, int32_t word)
{
    int32_t result;
    __asm__("lsl %0, %1, %2" : "=r"(result) : "r"(x), "r"(word));
    return result;
}

static inline int32_t tinyssl_asr(int32_t x, int32_t word)
{
    int32_t result;
    __asm__("asr %0, %1, %2" : "=r"(result) : "r"(x), "r"(word));
    return result;
}

/* The compiler would collect neighbouring bytes in a word, which takes longer. */
static inline void tinyssl_append_byte(int8_t **at, int8_t x)
{
    __asm__ volatile("strb %1, [%0], #1" : "+r"(*at) : "r"(x) : "memory");
}

#else

/* The low halves of two words, as a pair. */
static inline uint32_t tinyssl_pkhbt_lsl16(uint32_t low, uint32_t high)
{
    return (low & UINT32_C(0xffff)) | high << 16;
}

/* Two int32 modulo 2^16 as a pair. */
static inline uint32_t tinyssl_pair(int32_t low, int32_t high)
{
    return tinyssl_pkhbt_lsl16((uint32_t)low, (uint32_t)high);
}

/* Bytes 0 and 2 as a pair. */
static inline uint32_t tinyssl_sxtb16(uint32_t bytes)
{
    return tinyssl_pair((int8_t)(uint8_t)bytes, (int8_t)(uint8_t)(bytes >> 16));
}

/* Bytes 1 and 3 as a pair. */
static inline uint32_t tinyssl_sxtb16_ror8(uint32_t bytes)
{
    return tinyssl_sxtb16(bytes >> 8);
}

static inline int32_t tinyssl_wrap_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* sum + a.low * b.low + a.high * b.high, modulo 2^32. */
static inline int32_t tinyssl_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    const int32_t first = tinyssl_wrap_add(sum, tinyssl_low(a) * tinyssl_low(b));
    return tinyssl_wrap_add(first, tinyssl_high(a) * tinyssl_high(b));
}

/* sum + a.low * b.high, modulo 2^32. */
static inline int32_t tinyssl_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_low(a) * tinyssl_high(b));
}

/* sum + a.high * b.low, modulo 2^32. */
static inline int32_t tinyssl_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_high(a) * tinyssl_low(b));
}

/* sum + round(a * b / 2^32), halves upwards, modulo 2^32. */
static inline int32_t tinyssl_smmlar(int32_t a, int32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32));
}

/* Shifts by the low byte of a word, [0, 31]: the other bytes do not matter. */
static inline int32_t tinyssl_lsl(int32_t x, int32_t word)
{
    return (int32_t)((uint32_t)x << (word & 0xff));
}

static inline int32_t tinyssl_asr(int32_t x, int32_t word)
{
    return x >> (word & 0xff);
}

/* Sums of the halves of two pairs, modulo 2^16. */
static inline uint32_t tinyssl_sadd16(uint32_t a, uint32_t b)
{
    return tinyssl_pair(tinyssl_low(a) + tinyssl_low(b), tinyssl_high(a) + tinyssl_high(b));
}

/* x saturated to int8. */
static inline int8_t tinyssl_ssat8(int32_t x)
{
    return (int8_t)(x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x);
}

/* x / 2, downwards, saturated to int8. */
static inline int8_t tinyssl_ssat8_asr1(int32_t x)
{
    return tinyssl_ssat8(x >> 1);
}

/* A byte to an address that then moves on. */
static inline void tinyssl_append_byte(int8_t **at, int8_t x)
{
    *(*at)++ = x;
}

#endif

/* A channel of a layer, as the generator writes it: two words. */
struct tinyssl_channel {
    int32_t word;       /* start of the sum << 8, and in the low byte the right shift less one,
                         * [0, 30]; the start is bias - zero point * weights */
    int32_t multiplier; /* Q31, [2^30, 2^31) or 0 */
};

/* Channel c of a table [channels][2]. */
static inline struct tinyssl_channel tinyssl_channel_at(const int32_t *table, int32_t c)
{
    const struct tinyssl_channel channel = {table[2 * c], table[2 * c + 1]};
    return channel;
}

/* Where the sum of doubled inputs starts: twice the start, as bit 7 of the word is 0. */
static inline int32_t tinyssl_start(struct tinyssl_channel channel)
{
    return channel.word >> 7;
}

/* What the product is raised by before the shift: the output's zero point, and one half. */
static inline int32_t tinyssl_rounding(int32_t out_zero, struct tinyssl_channel channel)
{
    return tinyssl_lsl(2 * out_zero + 1, channel.word);
}

/* As tinyssl_requantise of fixed_point.h and the output's zero point, saturated to int8.
 * sum2: twice the sum; rounding: tinyssl_rounding(). The generator proves for each channel that
 * nothing here overflows (tinyssl/targets/requantise.py).
 *
 * Negative halves come out one too high: for layers whose clamp begins at the zero point, as it
 * does for a fused ReLU. */
static inline int8_t tinyssl_requantise_relu(int32_t sum2, struct tinyssl_channel channel,
                                             int32_t rounding)
{
    const int32_t x = tinyssl_smmlar(sum2, channel.multiplier, rounding);
    return tinyssl_ssat8_asr1(tinyssl_asr(x, channel.word));
}

/* For all layers. One less where the sum is negative makes halves go away from zero; where the
 * product of a negative sum is 0, it changes nothing, as half a step less one still gives 0. */
static inline int8_t tinyssl_requantise_signed(int32_t sum2, struct tinyssl_channel channel,
                                               int32_t rounding)
{
    const int32_t x = tinyssl_smmlar(sum2, channel.multiplier, rounding);
    return tinyssl_ssat8_asr1(tinyssl_asr(x + (sum2 >> 31), channel.word));
}

/* The form that a layer needs; `sign` is a constant where it matters. */
static inline int8_t tinyssl_requantise_dsp(int32_t sum2, struct tinyssl_channel channel,
                                            int32_t rounding, int32_t sign)
{
    return sign ? tinyssl_requantise_signed(sum2, channel, rounding)
                : tinyssl_requantise_relu(sum2, channel, rounding);
}

/* The tables of most depthwise kernels hold the whole right shift, [0, 31]: 0 for multipliers of one half
 * and more, which only layers of the form without the sign may have. */

/* As tinyssl_rounding(). Half of a shift of 0 is none. */
static inline int32_t tinyssl_depthwise_rounding(int32_t out_zero, struct tinyssl_channel channel)
{
    const uint32_t one = (uint32_t)tinyssl_lsl(1, channel.word);
    return tinyssl_lsl(out_zero, channel.word) + (int32_t)(one >> 1);
}

/* As tinyssl_requantise_dsp(). */
static inline int8_t tinyssl_requantise_depthwise(int32_t sum2, struct tinyssl_channel channel,
                                                  int32_t rounding, int32_t sign)
{
    const int32_t x = tinyssl_smmlar(sum2, channel.multiplier, rounding);
    return tinyssl_ssat8(tinyssl_asr(sign ? x + (sum2 >> 31) : x, channel.word));
}

/* Clamps pixels of `channels` > 0 bytes, `pitch` bytes apart, to a fused activation, where that is
 * narrower than int8. Most bytes are within, and stay as they are. */
static inline void tinyssl_narrow_pixels(int8_t *out, int32_t pixels, int32_t channels,
                                         int32_t pitch, int32_t low, int32_t high)
{
    if (low == INT8_MIN && high == INT8_MAX) {
        return;
    }
    if (channels == pitch) {
        channels *= pixels;
        pixels = 1;
    }
    for (; pixels > 0; pixels--, out += pitch) {
        int8_t *at = out;
        const int8_t *const end = at + channels;
        do {
            const int32_t x = *at;
            if (x < low) {
                *at = (int8_t)low;
            } else if (x > high) {
                *at = (int8_t)high;
            }
        } while (++at < end);
    }
}

/* The same of bytes that lie together. */
static inline void tinyssl_narrow(int8_t *out, int32_t size, int32_t low, int32_t high)
{
    tinyssl_narrow_pixels(out, 1, size, size, low, high);
}

#endif
