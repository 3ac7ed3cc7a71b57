#include "depthwise_conv2d_s8_mve.h"

#include "mve.h"

enum { TAPS = 9 };

/* One output pixel. The assembly below knows the order and the size of the members. */
struct pixel {
    const int8_t *taps[TAPS]; /* where each tap of the window lies */
    const int8_t *weight;
    const int32_t *channel;
    int8_t *out;
    int32_t zero, channels, low, high;
};

#if TINYSSL_MVE
/* clang-format off */

/* Blocks of 16 channels, the last one predicated. Sums: q0 to q3, the channels 4 i, 4 i + 2, 4 i + 1
 * and 4 i + 3. Two taps are multiplied to int16 and added there, as no weight is -128, then widened.
 * The second row of weights is read twice, as eight registers hold no more. */
#define TWO_TAPS(a, b)                                                                            \
    "vldrb.8 q4, [" a "], #16\n\t"                                                                \
    "vldrb.8 q5, [r9], #16\n\t"                                                                   \
    "vmullb.s8 q6, q4, q5\n\t"                                                                    \
    "vmullt.s8 q4, q4, q5\n\t"                                                                    \
    "vldrb.8 q5, [" b "], #16\n\t"                                                                \
    "vldrb.8 q7, [r9]\n\t"                                                                        \
    "vmullb.s8 q7, q5, q7\n\t"                                                                    \
    "vadd.i16 q6, q6, q7\n\t"                                                                     \
    "vldrb.8 q7, [r9], #16\n\t"                                                                   \
    "vmullt.s8 q5, q5, q7\n\t"                                                                    \
    "vmovlb.s16 q7, q6\n\t"                                                                       \
    "vadd.i32 q0, q0, q7\n\t"                                                                     \
    "vmovlt.s16 q6, q6\n\t"                                                                       \
    "vadd.i32 q1, q1, q6\n\t"                                                                     \
    "vadd.i16 q4, q4, q5\n\t"                                                                     \
    "vmovlb.s16 q5, q4\n\t"                                                                       \
    "vadd.i32 q2, q2, q5\n\t"                                                                     \
    "vmovlt.s16 q4, q4\n\t"                                                                       \
    "vadd.i32 q3, q3, q4\n\t"

#define ONE_TAP(a)                                                                                \
    "vldrb.8 q4, [" a "], #16\n\t"                                                                \
    "vldrb.8 q5, [r9], #16\n\t"                                                                   \
    "vmullb.s8 q6, q4, q5\n\t"                                                                    \
    "vmullt.s8 q4, q4, q5\n\t"                                                                    \
    "vmovlb.s16 q5, q6\n\t"                                                                       \
    "vadd.i32 q0, q0, q5\n\t"                                                                     \
    "vmovlt.s16 q6, q6\n\t"                                                                       \
    "vadd.i32 q1, q1, q6\n\t"                                                                     \
    "vmovlb.s16 q5, q4\n\t"                                                                       \
    "vadd.i32 q2, q2, q5\n\t"                                                                     \
    "vmovlt.s16 q4, q4\n\t"                                                                       \
    "vadd.i32 q3, q3, q4\n\t"

#define START(q, at)                                                                              \
    "vldrw.32 " q ", [r10, #" at "]\n\t"                                                          \
    "vshr.s32 " q ", " q ", #8\n\t"

#define NO_SIGN(q)
#define SIGN(q)                                                                                   \
    "vshr.s32 q4, " q ", #31\n\t"                                                                 \
    "vadd.i32 " q ", " q ", q4\n\t"

#define REQUANTISE(q, at, multiplier, sign)                                                       \
    "vldrw.32 q4, [r10, #" multiplier "]\n\t"                                                     \
    "vqrdmulh.s32 " q ", " q ", q4\n\t" sign(q)                                                   \
    "vldrw.32 q4, [r10, #" at "]\n\t"                                                             \
    "vrshl.s32 " q ", " q ", q4\n\t"

#define PIXEL(name, sign)                                                                         \
    __attribute__((naked, noinline)) static void name(const struct pixel *p __attribute__((unused)))      \
    {                                                                                             \
        __asm__ volatile("push {r4-r11, lr}\n\t"                                                    \
                       "vpush {d8-d15}\n\t"                                                       \
                       "ldrd r1, lr, [r0, #52]\n\t"                                               \
                       "ldr r2, [r0, #60]\n\t"                                                    \
                       "vdup.8 q0, lr\n\t"                                                        \
                       "vdup.8 q1, r2\n\t"                                                        \
                       "vpush {d0-d3}\n\t"                                                        \
                       "dlstp.8 lr, r1\n\t"                                                       \
                       "ldm r0, {r0-r12}\n"                                                       \
                       "1:\n\t" START("q0", "0") START("q1", "32") START("q2", "64")              \
                           START("q3", "96") TWO_TAPS("r0", "r1") TWO_TAPS("r2", "r3")            \
                               TWO_TAPS("r4", "r5") TWO_TAPS("r6", "r7") ONE_TAP("r8")            \
                                   REQUANTISE("q0", "0", "16", sign)                              \
                                       REQUANTISE("q1", "32", "48", sign)                         \
                                           REQUANTISE("q2", "64", "80", sign)                     \
                                               REQUANTISE("q3", "96", "112", sign)                \
                       "add r10, r10, #128\n\t"                                                   \
                       "vqmovnb.s32 q0, q0\n\t"                                                   \
                       "vqmovnt.s32 q0, q1\n\t"                                                   \
                       "vqmovnb.s32 q2, q2\n\t"                                                   \
                       "vqmovnt.s32 q2, q3\n\t"                                                   \
                       "vqadd.s16 q0, q0, r12\n\t"                                                \
                       "vqadd.s16 q2, q2, r12\n\t"                                                \
                       "vqmovnb.s16 q0, q0\n\t"                                                   \
                       "vqmovnt.s16 q0, q2\n\t"                                                   \
                       "vldrw.32 q1, [sp]\n\t"                                                    \
                       "vmax.s8 q0, q0, q1\n\t"                                                   \
                       "vldrw.32 q1, [sp, #16]\n\t"                                               \
                       "vmin.s8 q0, q0, q1\n\t"                                                   \
                       "vstrb.8 q0, [r11], #16\n\t"                                               \
                       "letp lr, 1b\n\t"                                                          \
                       "add sp, sp, #32\n\t"                                                      \
                       "vpop {d8-d15}\n\t"                                                        \
                       "pop {r4-r11, pc}");                                                       \
    }

PIXEL(pixel_signed, SIGN)
PIXEL(pixel_relu, NO_SIGN)

TINYSSL_INLINE void move_taps(const int8_t *taps[TAPS], const int32_t steps[TAPS])
{
    __asm__ volatile("vldrw.32 q0, [%0]\n\t"
                   "vldrw.32 q1, [%1]\n\t"
                   "vadd.i32 q0, q0, q1\n\t"
                   "vstrw.32 q0, [%0]\n\t"
                   "vldrw.32 q0, [%0, #16]\n\t"
                   "vldrw.32 q1, [%1, #16]\n\t"
                   "vadd.i32 q0, q0, q1\n\t"
                   "vstrw.32 q0, [%0, #16]"
                   :
                   : "r"(taps), "r"(steps)
                   : "q0", "q1", "memory");
    taps[TAPS - 1] += steps[TAPS - 1];
}

/* clang-format on */
#else

static int8_t channel_of(const struct pixel *p, int32_t c, int32_t sign)
{
    const int32_t block = c / TINYSSL_BLOCK;
    const int32_t lane = c % TINYSSL_BLOCK;
    const int32_t quad = (lane & 1) * 2 + ((lane >> 1) & 1);
    const int32_t *entry = p->channel + (block * 4 + quad) * 8 + lane / 4;
    int32_t sum = entry[0] >> 8;
    for (int32_t k = 0; k < TAPS; k++) {
        sum += p->taps[k][c] * p->weight[(block * TAPS + k) * TINYSSL_BLOCK + lane];
    }
    int32_t x = tinyssl_high_product(sum, entry[TINYSSL_QUAD]);
    x += sign ? x >> 31 : 0;
    x = tinyssl_round_shift(tinyssl_dup(x), tinyssl_dup(entry[0])).lane[0];
    return tinyssl_clamp(x + p->zero, p->low, p->high);
}

/* A block is read before it is written, as the instructions do. */
static void pixel_of(const struct pixel *p, int32_t sign)
{
    for (int32_t block = 0; block < p->channels; block += TINYSSL_BLOCK) {
        const int32_t left = p->channels - block;
        const int32_t count = left < TINYSSL_BLOCK ? left : TINYSSL_BLOCK;
        int8_t made[TINYSSL_BLOCK];
        for (int32_t c = 0; c < count; c++) {
            made[c] = channel_of(p, block + c, sign);
        }
        tinyssl_mve_copy(p->out + block, made, count);
    }
}

static void pixel_signed(const struct pixel *p)
{
    pixel_of(p, 1);
}

static void pixel_relu(const struct pixel *p)
{
    pixel_of(p, 0);
}

static void move_taps(const int8_t *taps[TAPS], const int32_t steps[TAPS])
{
    for (int32_t i = 0; i < TAPS; i++) {
        taps[i] += steps[i];
    }
}

#endif

/* Three rows of the input; one of padding is a pixel of zero points, whatever the column. */
struct band {
    const int8_t *row[3];
    int32_t step[3]; /* from column to column, in bytes */
};

/* The taps of the window at column `left`. */
TINYSSL_INLINE void aim(const int8_t *taps[TAPS], const struct band *band, int32_t left,
                        int32_t width, const int8_t *zeros)
{
    for (int32_t i = 0; i < 3; i++, taps++) {
        const int32_t x = left + i;
        const int inside = x >= 0 && x < width;
        taps[0] = inside ? band->row[0] + x * band->step[0] : zeros;
        taps[3] = inside ? band->row[1] + x * band->step[1] : zeros;
        taps[6] = inside ? band->row[2] + x * band->step[2] : zeros;
    }
}

void tinyssl_depthwise_row_mve(const struct tinyssl_depthwise_mve *p, const int8_t *const rows[3],
                               const int8_t *zeros, int8_t *out)
{
    struct pixel pixel;
    struct band band;
    int32_t steps[TAPS]; /* bytes from a window that lies whole in its rows to the next such */
    for (int32_t k = 0; k < 3; k++) {
        band.row[k] = rows[k] ? rows[k] : zeros;
        band.step[k] = rows[k] ? p->channels : 0;
        steps[3 * k] = steps[3 * k + 1] = steps[3 * k + 2] = p->stride_w * band.step[k];
    }
    pixel.weight = p->weight;
    pixel.channel = p->channel;
    pixel.out = out;
    pixel.zero = p->out_zero;
    pixel.channels = p->channels;
    pixel.low = p->out_min;
    pixel.high = p->out_max;
    int whole = 0;
    int32_t left = -p->pad_left;
    for (int32_t x = 0; x < p->out_w; x++, left += p->stride_w, pixel.out += p->channels) {
        const int inside = left >= 0 && left + 3 <= p->in_w;
        if (inside && whole) {
            move_taps(pixel.taps, steps);
        } else {
            aim(pixel.taps, &band, left, p->in_w, zeros);
            whole = inside;
        }
        if (p->sign) {
            pixel_signed(&pixel);
        } else {
            pixel_relu(&pixel);
        }
    }
}

void tinyssl_depthwise_conv2d_s8_mve(const int8_t *in, const struct tinyssl_depthwise_mve *p,
                                     int8_t *out, int8_t *scratch)
{
    tinyssl_mve_fill(scratch, (int8_t)p->in_zero, p->channels);
    for (int32_t y = 0; y < p->out_h; y++, out += p->out_w * p->channels) {
        const int8_t *rows[3];
        for (int32_t k = 0; k < 3; k++) {
            const int32_t at = y * p->stride_h - p->pad_top + k;
            rows[k] = at >= 0 && at < p->in_h ? in + at * p->in_w * p->channels : 0;
        }
        tinyssl_depthwise_row_mve(p, rows, scratch, out);
    }
}
