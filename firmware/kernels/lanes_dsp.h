/* Instructions of the Armv7E-M DSP extension that work on int8 tensors lane by lane, and the same in
 * plain C, equal to the bit. Beside dsp.h, whose terms it uses. */
#ifndef TINYSSL_LANES_DSP_H
#define TINYSSL_LANES_DSP_H

#include "dsp.h"

#if defined(__GNUC__)
#define TINYSSL_INLINE static inline __attribute__((always_inline))
#else
#define TINYSSL_INLINE static inline
#endif

/* Bytes 1 and 3 of a word, and bytes 0 and 2 of it shifted left by 8: 256 times their values. */
#define TINYSSL_HIGH_BYTES UINT32_C(0xff00ff00)

#if TINYSSL_DSP

/* mask & x << 8: one instruction, where the compiler would make two. */
static inline uint32_t tinyssl_and_shifted(uint32_t mask, uint32_t x)
{
    uint32_t result;
    __asm__("and %0, %1, %2, lsl #8" : "=r"(result) : "r"(mask), "r"(x));
    return result;
}

/* sum + (factor * pair.low >> 16), modulo 2^32. */
static inline int32_t tinyssl_wide_mac_low(int32_t factor, uint32_t pair, int32_t sum)
{
    int32_t result;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(result) : "r"(factor), "r"(pair), "r"(sum));
    return result;
}

/* sum + (factor * pair.high >> 16), modulo 2^32. */
static inline int32_t tinyssl_wide_mac_high(int32_t factor, uint32_t pair, int32_t sum)
{
    int32_t result;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(factor), "r"(pair), "r"(sum));
    return result;
}

/* sum + a.low * b.low, and sum + a.high * b.high, modulo 2^32. */
static inline int32_t tinyssl_mac_low_low(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t tinyssl_mac_high_high(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* Bytes 0 and 2 added to the halves of a pair, each modulo 2^16. */
static inline uint32_t tinyssl_add_even_bytes(uint32_t pair, uint32_t bytes)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(pair), "r"(bytes));
    return result;
}

/* Bytes 1 and 3 added to the halves of a pair, each modulo 2^16. */
static inline uint32_t tinyssl_add_odd_bytes(uint32_t pair, uint32_t bytes)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(pair), "r"(bytes));
    return result;
}

/* low.low and high.high as a pair. */
static inline uint32_t tinyssl_low_and_high_half(uint32_t low, uint32_t high)
{
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2" : "=r"(pair) : "r"(low), "r"(high));
    return pair;
}

/* low.high and high.high as a pair. */
static inline uint32_t tinyssl_high_halves(uint32_t low, uint32_t high)
{
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(high), "r"(low));
    return pair;
}

/* x / 2^20, downwards, saturated to int8. */
static inline int8_t tinyssl_top_to_int8(int32_t x)
{
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #20" : "=r"(result) : "r"(x));
    return (int8_t)result;
}

#else

static inline uint32_t tinyssl_and_shifted(uint32_t mask, uint32_t x)
{
    return mask & x << 8;
}

static inline int32_t tinyssl_wide_mac_low(int32_t factor, uint32_t pair, int32_t sum)
{
    return tinyssl_wrap_add(sum, (int32_t)((int64_t)factor * tinyssl_low(pair) >> 16));
}

static inline int32_t tinyssl_wide_mac_high(int32_t factor, uint32_t pair, int32_t sum)
{
    return tinyssl_wrap_add(sum, (int32_t)((int64_t)factor * tinyssl_high(pair) >> 16));
}

static inline int32_t tinyssl_mac_low_low(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_low(a) * tinyssl_low(b));
}

static inline int32_t tinyssl_mac_high_high(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_high(a) * tinyssl_high(b));
}

static inline uint32_t tinyssl_add_even_bytes(uint32_t pair, uint32_t bytes)
{
    const uint32_t other = tinyssl_even_bytes(bytes);
    return tinyssl_pack(tinyssl_low(pair) + tinyssl_low(other),
                        tinyssl_high(pair) + tinyssl_high(other));
}

static inline uint32_t tinyssl_add_odd_bytes(uint32_t pair, uint32_t bytes)
{
    return tinyssl_add_even_bytes(pair, bytes >> 8);
}

static inline uint32_t tinyssl_low_and_high_half(uint32_t low, uint32_t high)
{
    return (low & UINT32_C(0xffff)) | (high & UINT32_C(0xffff0000));
}

static inline uint32_t tinyssl_high_halves(uint32_t low, uint32_t high)
{
    return low >> 16 | (high & UINT32_C(0xffff0000));
}

static inline int8_t tinyssl_top_to_int8(int32_t x)
{
    const int32_t top = x >> 20;
    return (int8_t)(top < INT8_MIN ? INT8_MIN : top > INT8_MAX ? INT8_MAX : top);
}

#endif

/* low.low and high.low as a pair. */
static inline uint32_t tinyssl_low_halves(uint32_t low, uint32_t high)
{
    return tinyssl_pack((int32_t)low, (int32_t)high);
}

/* Sums of four channels: 0 and 2, 1 and 3. Exact for up to TINYSSL_PLACES bytes each. */
struct tinyssl_sums {
    uint32_t even, odd;
};

#define TINYSSL_PLACES 256

/* Adds `count` words of four channels that lie `step` bytes apart. */
TINYSSL_INLINE struct tinyssl_sums tinyssl_add_places(struct tinyssl_sums sums, const int8_t *at,
                                                      int32_t step, int32_t count)
{
    TINYSSL_UNROLL
    for (; count > 0; count--, at += step) {
        const uint32_t bytes = tinyssl_load(at);
        sums.even = tinyssl_add_even_bytes(sums.even, bytes);
        sums.odd = tinyssl_add_odd_bytes(sums.odd, bytes);
    }
    return sums;
}

/* Two pixels of four channels as int16 to a word of each of four planes of so many bytes. */
TINYSSL_INLINE void tinyssl_widen_pair(uint8_t *to, int32_t bytes, uint32_t first, uint32_t second)
{
    const uint32_t even0 = tinyssl_even_bytes(first);
    const uint32_t odd0 = tinyssl_odd_bytes(first);
    const uint32_t even1 = tinyssl_even_bytes(second);
    const uint32_t odd1 = tinyssl_odd_bytes(second);
    tinyssl_store(to, tinyssl_low_halves(even0, even1));
    tinyssl_store(to + bytes, tinyssl_low_halves(odd0, odd1));
    tinyssl_store(to + 2 * bytes, tinyssl_high_halves(even0, even1));
    tinyssl_store(to + 3 * bytes, tinyssl_high_halves(odd0, odd1));
}

static inline void tinyssl_store_half(uint8_t *to, uint32_t value)
{
    const uint16_t half = (uint16_t)value;
    memcpy(to, &half, sizeof half);
}

/* The same of one pixel: to one half of a word. */
TINYSSL_INLINE void tinyssl_widen_pixel(uint8_t *to, int32_t bytes, uint32_t pixel)
{
    const uint32_t even = tinyssl_even_bytes(pixel);
    const uint32_t odd = tinyssl_odd_bytes(pixel);
    tinyssl_store_half(to, even);
    tinyssl_store_half(to + bytes, odd);
    tinyssl_store_half(to + 2 * bytes, even >> 16);
    tinyssl_store_half(to + 3 * bytes, odd >> 16);
}

#endif
