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

/* Two words that lie side by side. */
struct tinyssl_words {
    uint32_t first, second;
};

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

#if TINYSSL_DSP

/* Bytes 0 and 2 as a pair. */
static inline uint32_t tinyssl_even_bytes(uint32_t bytes)
{
    uint32_t pair;
    __asm("sxtb16 %0, %1" : "=r"(pair) : "r"(bytes));
    return pair;
}

/* Bytes 1 and 3 as a pair. */
static inline uint32_t tinyssl_odd_bytes(uint32_t bytes)
{
    uint32_t pair;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

/* The low halves of two words. */
static inline uint32_t tinyssl_pack(int32_t low, int32_t high)
{
    uint32_t pair;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(low), "r"(high));
    return pair;
}

/* sum + a.low * b.low + a.high * b.high, modulo 2^32. */
static inline int32_t tinyssl_dual_mac(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* sum + a.low * b.high, modulo 2^32. */
static inline int32_t tinyssl_mac_low_high(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm("smlabt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* sum + a.high * b.low, modulo 2^32. */
static inline int32_t tinyssl_mac_high_low(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* round(a * b / 2^32), halves upwards. */
static inline int32_t tinyssl_top_product(int32_t a, int32_t b)
{
    int32_t result;
    __asm("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* x / 2, downwards, saturated to int8. */
static inline int8_t tinyssl_half_to_int8(int32_t x)
{
    int32_t result;
    __asm("ssat %0, #8, %1, asr #1" : "=r"(result) : "r"(x));
    return (int8_t)result;
}

/* Two words from an address that is a multiple of 4, which then moves on by both. */
static inline struct tinyssl_words tinyssl_next_words(const uint8_t **at)
{
    struct tinyssl_words words;
    __asm volatile("ldrd %0, %1, [%2], #8"
                   : "=&r"(words.first), "=&r"(words.second), "+r"(*at)
                   :
                   : "memory");
    return words;
}

/* The same, but the address moves on by one word alone. */
static inline struct tinyssl_words tinyssl_sliding_words(const uint8_t **at)
{
    struct tinyssl_words words;
    __asm volatile("ldrd %0, %1, [%2], #4"
                   : "=&r"(words.first), "=&r"(words.second), "+r"(*at)
                   :
                   : "memory");
    return words;
}

#else

static inline int32_t tinyssl_low(uint32_t pair)
{
    return (int16_t)(uint16_t)pair;
}

static inline int32_t tinyssl_high(uint32_t pair)
{
    return (int16_t)(uint16_t)(pair >> 16);
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

static inline int32_t tinyssl_top_product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
}

static inline int8_t tinyssl_half_to_int8(int32_t x)
{
    const int32_t half = x >> 1;
    return (int8_t)(half < INT8_MIN ? INT8_MIN : half > INT8_MAX ? INT8_MAX : half);
}

static inline struct tinyssl_words tinyssl_next_words(const uint8_t **at)
{
    const struct tinyssl_words words = {tinyssl_load(*at), tinyssl_load(*at + 4)};
    *at += 8;
    return words;
}

static inline struct tinyssl_words tinyssl_sliding_words(const uint8_t **at)
{
    const struct tinyssl_words words = {tinyssl_load(*at), tinyssl_load(*at + 4)};
    *at += 4;
    return words;
}

#endif

/* As tinyssl_requantise of fixed_point.h and the output's zero point, saturated to int8.
 * The generator proves for each channel that |sum| < 2^30, that the multiplier is shifted to the
 * right by `shift` + 1 (so by one bit at least), and that nothing here overflows.
 * rounding: 2 * zero point + 1. Half of 2^(shift + 1), less one where the product is negative, makes
 * halves go away from zero; the zero point is added before the shift instead of after it. */
static inline int8_t tinyssl_requantise_dsp(int32_t sum, int32_t multiplier, int32_t shift,
                                            int32_t rounding)
{
    int32_t x = tinyssl_top_product(sum * 2, multiplier);
    x += x >> 31;
    return tinyssl_half_to_int8((x + rounding) >> shift);
}

#endif
