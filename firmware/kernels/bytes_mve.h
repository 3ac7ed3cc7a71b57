/* Runs of bytes, 16 at a time, and the same in plain C. `to` and `from` may be the same. */
#ifndef TINYSSL_BYTES_MVE_H
#define TINYSSL_BYTES_MVE_H

#include "mve.h"

#if TINYSSL_MVE

/* to[i] = from[i] with the highest bit flipped. */
TINYSSL_INLINE void tinyssl_flip_bytes(int8_t *to, const int8_t *from, int32_t count)
{
    __asm__ volatile("vmov.i8 q2, #128\n\t"
                     "wlstp.8 lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "veor q0, q0, q2\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [count] "r"(count)
                     : "lr", "q0", "q2", "memory");
}

/* to[i] = table[from[i] + 128]. */
TINYSSL_INLINE void tinyssl_look_up_bytes(int8_t *to, const int8_t *from, const int8_t *table,
                                          int32_t count)
{
    __asm__ volatile("vmov.i8 q2, #128\n\t"
                     "wlstp.8 lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "veor q0, q0, q2\n\t"
                     "vldrb.u8 q1, [%[table], q0]\n\t"
                     "vstrb.8 q1, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [table] "r"(table), [count] "r"(count)
                     : "lr", "q0", "q1", "q2", "memory");
}

#else

TINYSSL_INLINE void tinyssl_flip_bytes(int8_t *to, const int8_t *from, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = (int8_t)(from[i] ^ INT8_MIN);
    }
}

TINYSSL_INLINE void tinyssl_look_up_bytes(int8_t *to, const int8_t *from, const int8_t *table,
                                          int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = table[from[i] + 128];
    }
}

#endif

#endif
