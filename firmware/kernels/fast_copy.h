/* memcpy, where that of a core's C library is slow. */
#ifndef TINYSSL_FAST_COPY_H
#define TINYSSL_FAST_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && defined(__ARM_FEATURE_MVE)

/* Sixteen bytes in three instructions; newlib's goes by words. */
static inline void tinyssl_fast_copy(void *to, const void *from, size_t count)
{
    __asm__ volatile("wlstp.8 lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [count] "r"(count)
                     : "lr", "q0", "memory");
}

#elif defined(__GNUC__) && defined(__riscv)

enum { TINYSSL_WORDS = 4 };

/* Bytes of this many words, from one multiple of 4 to another. */
#define TINYSSL_COPY_WORD(to, from, i)                                                             \
    memcpy((uint8_t *)__builtin_assume_aligned(to, 4) + 4 * (i),                                   \
           (const uint8_t *)__builtin_assume_aligned(from, 4) + 4 * (i), 4)

/* picolibc's goes byte by byte, 6 instructions each. */
static inline void tinyssl_fast_copy(void *to, const void *from, size_t count)
{
    uint8_t *out = (uint8_t *)to;
    const uint8_t *in = (const uint8_t *)from;
    if ((((uintptr_t)out | (uintptr_t)in) & 3U) == 0) {
        for (; count >= 4 * TINYSSL_WORDS; count -= 4 * TINYSSL_WORDS) {
            TINYSSL_COPY_WORD(out, in, 0);
            TINYSSL_COPY_WORD(out, in, 1);
            TINYSSL_COPY_WORD(out, in, 2);
            TINYSSL_COPY_WORD(out, in, 3);
            in += 4 * TINYSSL_WORDS;
            out += 4 * TINYSSL_WORDS;
        }
        for (; count >= 4; count -= 4, in += 4, out += 4) {
            TINYSSL_COPY_WORD(out, in, 0);
            __asm__ volatile(""); /* else GCC makes it a call of memcpy */
        }
    }
    for (const uint8_t *const end = in + count; in < end;) {
        *out++ = *in++;
        __asm__ volatile("");
    }
}

#else

static inline void tinyssl_fast_copy(void *to, const void *from, size_t count)
{
    memcpy(to, from, count);
}

#endif

#endif
