/* The instructions of the Armv7E-M DSP extension that the *_dsp kernels use, and the same in plain C:
 * equal to the bit, so that a kernel can be tested on any computer.
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

/* Bytes 0 and 2 as a pair. */
static inline uint32_t tinyssl_even_bytes(uint32_t bytes)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(bytes));
    return pair;
}

/* Bytes 1 and 3 as a pair. */
static inline uint32_t tinyssl_odd_bytes(uint32_t bytes)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

/* The low halves of two words. */
static inline uint32_t tinyssl_pack(int32_t low, int32_t high)
{
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(low), "r"(high));
    return pair;
}

/* sum + a.low * b.low + a.high * b.high, modulo 2^32. */
static inline int32_t tinyssl_dual_mac(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* sum + a.low * b.high, modulo 2^32. */
static inline int32_t tinyssl_mac_low_high(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlabt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* sum + a.high * b.low, modulo 2^32. */
static inline int32_t tinyssl_mac_high_low(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* sum + round(a * b / 2^32), halves upwards, modulo 2^32. */
static inline int32_t tinyssl_add_top_product(int32_t a, int32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* Shifts by the low byte of a word, [0, 31]: the other bytes do not matter. */
static inline int32_t tinyssl_left_by_byte(int32_t x, int32_t word)
{
    int32_t result;
    __asm__("lsl %0, %1, %2" : "=r"(result) : "r"(x), "r"(word));
    return result;
}

static inline int32_t tinyssl_right_by_byte(int32_t x, int32_t word)
{
    int32_t result;
    __asm__("asr %0, %1, %2" : "=r"(result) : "r"(x), "r"(word));
    return result;
}

/* Both halves of a pair times 2, modulo 2^16. */
static inline uint32_t tinyssl_double(uint32_t pair)
{
    uint32_t result;
    __asm__("sadd16 %0, %1, %1" : "=r"(result) : "r"(pair));
    return result;
}

/* x / 2, downwards, saturated to int8. */
static inline int8_t tinyssl_half_to_int8(int32_t x)
{
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #1" : "=r"(result) : "r"(x));
    return (int8_t)result;
}

/* A byte to an address that then moves on. The compiler would collect neighbouring bytes
 * in a word, which takes longer. */
static inline void tinyssl_put(int8_t **at, int8_t x)
{
    __asm__ volatile("strb %1, [%0], #1" : "+r"(*at) : "r"(x) : "memory");
}

#else

static inline void tinyssl_put(int8_t **at, int8_t x)
{
    *(*at)++ = x;
}

static inline uint32_t tinyssl_pack(int32_t low, int32_t high)
{
    return ((uint32_t)low & UINT32_C(0xffff)) | (uint32_t)high << 16;
}

static inline uint32_t tinyssl_even_bytes(uint32_t bytes)
{
    return tinyssl_pack((int8_t)(uint8_t)bytes, (int8_t)(uint8_t)(bytes >> 16));
}

static inline uint32_t tinyssl_odd_bytes(uint32_t bytes)
{
    return tinyssl_even_bytes(bytes >> 8);
}

static inline int32_t tinyssl_wrap_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t tinyssl_dual_mac(uint32_t a, uint32_t b, int32_t sum)
{
    const int32_t first = tinyssl_wrap_add(sum, tinyssl_low(a) * tinyssl_low(b));
    return tinyssl_wrap_add(first, tinyssl_high(a) * tinyssl_high(b));
}

static inline int32_t tinyssl_mac_low_high(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_low(a) * tinyssl_high(b));
}

static inline int32_t tinyssl_mac_high_low(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_high(a) * tinyssl_low(b));
}

static inline int32_t tinyssl_add_top_product(int32_t a, int32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32));
}

static inline int32_t tinyssl_left_by_byte(int32_t x, int32_t word)
{
    return (int32_t)((uint32_t)x << (word & 0xff));
}

static inline int32_t tinyssl_right_by_byte(int32_t x, int32_t word)
{
    return x >> (word & 0xff);
}

static inline uint32_t tinyssl_double(uint32_t pair)
{
    return tinyssl_pack(tinyssl_low(pair) * 2, tinyssl_high(pair) * 2);
}

static inline int8_t tinyssl_half_to_int8(int32_t x)
{
    const int32_t half = x >> 1;
    return (int8_t)(half < INT8_MIN ? INT8_MIN : half > INT8_MAX ? INT8_MAX : half);
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
    return tinyssl_left_by_byte(2 * out_zero + 1, channel.word);
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
    const int32_t x = tinyssl_add_top_product(sum2, channel.multiplier, rounding);
    return tinyssl_half_to_int8(tinyssl_right_by_byte(x, channel.word));
}

/* For all layers. One less where the sum is negative makes halves go away from zero; where the
 * product of a negative sum is 0, it changes nothing, as half a step less one still gives 0. */
static inline int8_t tinyssl_requantise_signed(int32_t sum2, struct tinyssl_channel channel,
                                               int32_t rounding)
{
    const int32_t x = tinyssl_add_top_product(sum2, channel.multiplier, rounding);
    return tinyssl_half_to_int8(tinyssl_right_by_byte(x + (sum2 >> 31), channel.word));
}

/* The form that a layer needs; `sign` is a constant where it matters. */
static inline int8_t tinyssl_requantise_dsp(int32_t sum2, struct tinyssl_channel channel,
                                            int32_t rounding, int32_t sign)
{
    return sign ? tinyssl_requantise_signed(sum2, channel, rounding)
                : tinyssl_requantise_relu(sum2, channel, rounding);
}

/* Clamps `size` > 0 bytes to a fused activation, where that is narrower than int8. Most bytes are
 * within, and stay as they are. */
static inline void tinyssl_narrow(int8_t *out, int32_t size, int32_t low, int32_t high)
{
    if (low == INT8_MIN && high == INT8_MAX) {
        return;
    }
    const int8_t *const end = out + size;
    do {
        const int32_t x = *out;
        if (x < low) {
            *out = (int8_t)low;
        } else if (x > high) {
            *out = (int8_t)high;
        }
    } while (++out < end);
}

#endif
