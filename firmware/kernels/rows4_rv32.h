/* Products of a vector with four rows of weights, on cores without packed arithmetic. */
#ifndef TINYSSL_ROWS4_RV32_H
#define TINYSSL_ROWS4_RV32_H

#include "rows4.h"

/* Sums are ready, and the loads of the next input have not begun: GCC would take so many of these ahead
 * that the sums do not stay in registers. */
#if defined(__GNUC__)
#define TINYSSL_STEP_ENDS(a, b, c, d)                                                              \
    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "memory")
#else
#define TINYSSL_STEP_ENDS(a, b, c, d) (void)0
#endif

/* Input k: four products share its load. */
#define TINYSSL_ROWS4_STEP(k)                                                                      \
    do {                                                                                           \
        const int32_t i = x[k] - zero;                                                             \
        a += (uint32_t)(q[k] * i);                                                                 \
        b += (uint32_t)(r[k] * i);                                                                 \
        c += (uint32_t)(s[k] * i);                                                                 \
        d += (uint32_t)(t[k] * i);                                                                 \
        TINYSSL_STEP_ENDS(a, b, c, d);                                                             \
    } while (0)

static inline void tinyssl_add_rows4_rv32(const int8_t *const rows[TINYSSL_ROWS], const int8_t *x,
                                          int32_t count, int32_t zero, int32_t sums[TINYSSL_ROWS])
{
    const int8_t *q = rows[0], *r = rows[1], *s = rows[2], *t = rows[3];
    uint32_t a = (uint32_t)sums[0], b = (uint32_t)sums[1];
    uint32_t c = (uint32_t)sums[2], d = (uint32_t)sums[3];
    for (; count >= 4; count -= 4, x += 4) {
        TINYSSL_ROWS4_STEP(0);
        TINYSSL_ROWS4_STEP(1);
        TINYSSL_ROWS4_STEP(2);
        TINYSSL_ROWS4_STEP(3);
        q += 4, r += 4, s += 4, t += 4;
    }
    for (int32_t k = 0; k < count; k++) {
        TINYSSL_ROWS4_STEP(k);
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

#endif
