/* Instructions of the Armv7E-M DSP extension that work on int8 tensors lane by lane, and the same in
 * plain C, equal to the bit. Beside dsp.h, whose terms it uses. */
#ifndef TINYSSL_LANES_DSP_H
#define TINYSSL_LANES_DSP_H

#include "dsp.h"

#if defined(__GNUC__)
#define TINYSSL_INLINE static inline __attribute__((always_inline))
#define TINYSSL_APART static __attribute__((noinline))
#else
#define TINYSSL_INLINE static inline
#define TINYSSL_APART static
#endif

/* Bytes 1 and 3 of a word, and bytes 0 and 2 of it shifted left by 8: 256 times their values. */
#define TINYSSL_HIGH_BYTES UINT32_C(0xff00ff00)

#if TINYSSL_DSP

static inline int32_t tinyssl_smlawb(int32_t factor, uint32_t pair, int32_t sum)
{
    return __smlawb(factor, (int32_t)pair, sum);
}

static inline int32_t tinyssl_smlawt(int32_t factor, uint32_t pair, int32_t sum)
{
    return __smlawt(factor, (int32_t)pair, sum);
}

static inline int32_t tinyssl_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlabb((int32_t)a, (int32_t)b, sum);
}

static inline int32_t tinyssl_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlatt((int32_t)a, (int32_t)b, sum);
}

static inline uint32_t tinyssl_sxtab16(uint32_t pair, uint32_t bytes)
{
    return (uint32_t)__sxtab16((int16x2_t)pair, (int8x4_t)bytes);
}

static inline int8_t tinyssl_ssat8_asr20(int32_t x)
{
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #20" : "=r"(result) : "r"(x));
    return (int8_t)result;
}

static inline uint32_t tinyssl_sxtab16_ror8(uint32_t pair, uint32_t bytes)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(pair), "r"(bytes));
    return result;
}

static inline uint32_t tinyssl_max8(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b));
    return result;
}

static inline uint32_t tinyssl_pkhbt(uint32_t low, uint32_t high)
{
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2" : "=r"(pair) : "r"(low), "r"(high));
    return pair;
}

static inline uint32_t tinyssl_pkhtb_asr16(uint32_t low, uint32_t high)
{
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(high), "r"(low));
    return pair;
}

/* The compiler would make two instructions. */
static inline uint32_t tinyssl_and_lsl8(uint32_t mask, uint32_t x)
{
    uint32_t result;
    __asm__("and %0, %1, %2, lsl #8" : "=r"(result) : "r"(mask), "r"(x));
    return result;
}

#else

/* sum + (factor * pair.low >> 16), modulo 2^32. */
static inline int32_t tinyssl_smlawb(int32_t factor, uint32_t pair, int32_t sum)
{
    return tinyssl_wrap_add(sum, (int32_t)((int64_t)factor * tinyssl_low(pair) >> 16));
}

/* sum + (factor * pair.high >> 16), modulo 2^32. */
static inline int32_t tinyssl_smlawt(int32_t factor, uint32_t pair, int32_t sum)
{
    return tinyssl_wrap_add(sum, (int32_t)((int64_t)factor * tinyssl_high(pair) >> 16));
}

/* sum + a.low * b.low, modulo 2^32. */
static inline int32_t tinyssl_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_low(a) * tinyssl_low(b));
}

/* sum + a.high * b.high, modulo 2^32. */
static inline int32_t tinyssl_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyssl_wrap_add(sum, tinyssl_high(a) * tinyssl_high(b));
}

/* Bytes 0 and 2 added to the halves of a pair, each modulo 2^16. */
static inline uint32_t tinyssl_sxtab16(uint32_t pair, uint32_t bytes)
{
    return tinyssl_sadd16(pair, tinyssl_sxtb16(bytes));
}

/* Bytes 1 and 3 added to the halves of a pair, each modulo 2^16. */
static inline uint32_t tinyssl_sxtab16_ror8(uint32_t pair, uint32_t bytes)
{
    return tinyssl_sxtab16(pair, bytes >> 8);
}

/* The larger of each two bytes, as int8. */
static inline uint32_t tinyssl_max8(uint32_t a, uint32_t b)
{
    uint32_t result = 0;
    for (int32_t shift = 0; shift < 32; shift += 8) {
        const int8_t x = (int8_t)(uint8_t)(a >> shift), y = (int8_t)(uint8_t)(b >> shift);
        result |= (uint32_t)(uint8_t)(x > y ? x : y) << shift;
    }
    return result;
}

/* low.low and high.high as a pair. */
static inline uint32_t tinyssl_pkhbt(uint32_t low, uint32_t high)
{
    return (low & UINT32_C(0xffff)) | (high & UINT32_C(0xffff0000));
}

/* low.high and high.high as a pair. */
static inline uint32_t tinyssl_pkhtb_asr16(uint32_t low, uint32_t high)
{
    return low >> 16 | (high & UINT32_C(0xffff0000));
}

/* x / 2^20, downwards, saturated to int8. */
static inline int8_t tinyssl_ssat8_asr20(int32_t x)
{
    const int32_t top = x >> 20;
    return (int8_t)(top < INT8_MIN ? INT8_MIN : top > INT8_MAX ? INT8_MAX : top);
}

/* mask & x << 8 */
static inline uint32_t tinyssl_and_lsl8(uint32_t mask, uint32_t x)
{
    return mask & x << 8;
}

#endif

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
        sums.even = tinyssl_sxtab16(sums.even, bytes);
        sums.odd = tinyssl_sxtab16_ror8(sums.odd, bytes);
    }
    return sums;
}

/* Two pixels of four channels as int16 to a word of each of four planes of so many bytes. */
TINYSSL_INLINE void tinyssl_widen_pair(uint8_t *to, int32_t bytes, uint32_t first, uint32_t second)
{
    const uint32_t even0 = tinyssl_sxtb16(first);
    const uint32_t odd0 = tinyssl_sxtb16_ror8(first);
    const uint32_t even1 = tinyssl_sxtb16(second);
    const uint32_t odd1 = tinyssl_sxtb16_ror8(second);
    tinyssl_store(to, tinyssl_pkhbt_lsl16(even0, even1));
    tinyssl_store(to + bytes, tinyssl_pkhbt_lsl16(odd0, odd1));
    tinyssl_store(to + 2 * bytes, tinyssl_pkhtb_asr16(even0, even1));
    tinyssl_store(to + 3 * bytes, tinyssl_pkhtb_asr16(odd0, odd1));
}

static inline void tinyssl_store_half(uint8_t *to, uint32_t value)
{
    const uint16_t half = (uint16_t)value;
    memcpy(to, &half, sizeof half);
}

/* The same of one pixel: to one half of a word. */
TINYSSL_INLINE void tinyssl_widen_pixel(uint8_t *to, int32_t bytes, uint32_t pixel)
{
    const uint32_t even = tinyssl_sxtb16(pixel);
    const uint32_t odd = tinyssl_sxtb16_ror8(pixel);
    tinyssl_store_half(to, even);
    tinyssl_store_half(to + bytes, odd);
    tinyssl_store_half(to + 2 * bytes, even >> 16);
    tinyssl_store_half(to + 3 * bytes, odd >> 16);
}

/* Four sums: channels 0 to 3. */
struct tinyssl_tap_sums {
    int32_t a, b, c, d;
};

/* Adds a pixel times a tap, channel by channel. less_zero: the zero point of the input, negative,
 * twice. */
TINYSSL_INLINE struct tinyssl_tap_sums tinyssl_add_tap(struct tinyssl_tap_sums s, uint32_t pixel,
                                                       uint32_t taps, uint32_t less_zero)
{
    const uint32_t x02 = tinyssl_sxtab16(less_zero, pixel);
    const uint32_t x13 = tinyssl_sxtab16_ror8(less_zero, pixel);
    const uint32_t w02 = tinyssl_sxtb16(taps);
    const uint32_t w13 = tinyssl_sxtb16_ror8(taps);
    s.a = tinyssl_smlabb(x02, w02, s.a);
    s.b = tinyssl_smlabb(x13, w13, s.b);
    s.c = tinyssl_smlatt(x02, w02, s.c);
    s.d = tinyssl_smlatt(x13, w13, s.d);
    return s;
}

#endif
