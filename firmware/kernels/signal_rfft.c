#include "signal_rfft.h"

#include "in_bytes.h"

struct TINYSSL_IN_BYTES complex {
    int16_t re, im;
};

/* Q15, halves upwards. Sums leave int16 as they would in any int16 variable. */
static int16_t rounded(int32_t x)
{
    return (int16_t)((x + (1 << 14)) >> 15);
}

static struct complex product(struct complex a, const int16_t *turn)
{
    const int32_t c = turn[0];
    const int32_t s = turn[1];
    /* Unsigned: the difference of two products of -2^15 does not fit int32. */
    const uint32_t re = (uint32_t)(a.re * c) - (uint32_t)(a.im * s);
    const uint32_t im = (uint32_t)(a.re * s) + (uint32_t)(a.im * c);
    return (struct complex){rounded((int32_t)re), rounded((int32_t)im)};
}

/* a / count, by a product with the quotient of the largest int16. */
static struct complex part(struct complex a, int32_t count)
{
    return (struct complex){rounded(a.re * (32767 / count)), rounded(a.im * (32767 / count))};
}

static struct complex sum(struct complex a, struct complex b)
{
    return (struct complex){(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)};
}

static struct complex difference(struct complex a, struct complex b)
{
    return (struct complex){(int16_t)(a.re - b.re), (int16_t)(a.im - b.im)};
}

/* The first stage is of 2 where the power of two is odd, all others are of 4. */
static int32_t first_radix(int32_t points)
{
    int32_t left = points;
    while (left > 2) {
        left /= 4;
    }
    return left == 2 ? 2 : 4;
}

/* Where the sample for a place before the first stage is: its digits in turned order. */
static int32_t source(int32_t place, int32_t points)
{
    int32_t found = 0;
    int32_t step = 1;
    int32_t size = points;
    while (size > 1) {
        const int32_t radix = size == 2 ? 2 : 4;
        size /= radix;
        found += place / size * step;
        place %= size;
        step *= radix;
    }
    return found;
}

static void stage_of_two(struct complex *x, int32_t size, int32_t step, const int16_t *turns)
{
    for (int32_t i = 0; i < size; i++) {
        const struct complex a = part(x[i], 2);
        const struct complex b = product(part(x[i + size], 2), turns + 2 * i * step);
        x[i] = sum(a, b);
        x[i + size] = difference(a, b);
    }
}

static void stage_of_four(struct complex *x, int32_t size, int32_t step,
                          const struct tinyssl_signal_rfft *p)
{
    const int16_t *const turns = p->turns;
    for (int32_t i = 0; i < size; i++) {
        const struct complex a = part(x[i], 4);
        const struct complex b = product(part(x[i + size], 4), turns + 2 * i * step);
        const struct complex c = product(part(x[i + 2 * size], 4), turns + 4 * i * step);
        const struct complex d = product(part(x[i + 3 * size], 4), turns + 6 * i * step);
        const struct complex even = sum(a, c);
        const struct complex odd = difference(a, c);
        const struct complex both = sum(b, d);
        const struct complex apart = difference(b, d);
        x[i] = sum(even, both);
        x[i + 2 * size] = difference(even, both);
        /* A quarter turn: forwards `apart` times -i, which is added. */
        const struct complex quarter = {apart.im, (int16_t)-apart.re};
        x[i + (p->sign < 0 ? size : 3 * size)] = sum(odd, quarter);
        x[i + (p->sign < 0 ? 3 * size : size)] = difference(odd, quarter);
    }
}

static void transform(struct complex *x, const struct tinyssl_signal_rfft *p)
{
    int32_t radix = first_radix(p->points);
    for (int32_t size = 1; size < p->points; size *= radix, radix = 4) {
        const int32_t block = size * (size == 1 ? first_radix(p->points) : 4);
        const int32_t step = p->points / block;
        for (int32_t start = 0; start < p->points; start += block) {
            if (block == 2) {
                stage_of_two(x + start, size, step, p->turns);
            } else {
                stage_of_four(x + start, size, step, p);
            }
        }
    }
}

static struct complex pair(const int16_t *in, int32_t length, int32_t place)
{
    const int32_t at = 2 * place;
    const int16_t zero = 0;
    return (struct complex){at < length ? in[at] : zero, at + 1 < length ? in[at + 1] : zero};
}

static void store(int16_t *out, int32_t at, int32_t re, int32_t im)
{
    out[2 * at] = (int16_t)re;
    out[2 * at + 1] = (int16_t)im;
}

/* From the transform of pairs of samples to that of samples. */
static void split(const struct complex *x, const struct tinyssl_signal_rfft *p, int16_t *out)
{
    const struct complex ends = part(x[0], 2);
    store(out, 0, ends.re + ends.im, 0);
    store(out, p->points, ends.re - ends.im, 0);
    for (int32_t i = 1; i <= p->points / 2; i++) {
        const struct complex far = x[p->points - i];
        const struct complex a = part(x[i], 2);
        const struct complex b = part((struct complex){far.re, (int16_t)-far.im}, 2);
        const struct complex f = sum(a, b);
        const struct complex t = product(difference(a, b), p->half_turns + 2 * (i - 1));
        store(out, i, (f.re + t.re) >> 1, (f.im + t.im) >> 1);
        store(out, p->points - i, (f.re - t.re) >> 1, (t.im - f.im) >> 1);
    }
}

void tinyssl_signal_rfft(const int16_t *in, const struct tinyssl_signal_rfft *p, int16_t *out,
                         int8_t *scratch)
{
    struct complex *const x = (struct complex *)(void *)scratch;
    for (int32_t row = 0; row < p->rows; row++) {
        for (int32_t i = 0; i < p->points; i++) {
            x[i] = pair(in, p->length, source(i, p->points));
        }
        transform(x, p);
        split(x, p, out);
        in += p->length;
        out += 2 * (p->points + 1);
    }
}

/* From the spectrum of samples to that of pairs of samples. */
static void join(const int16_t *in, const struct tinyssl_signal_rfft *p, struct complex *x)
{
    const int32_t first = in[0];
    const int32_t last = in[2 * p->points];
    x[0] = part((struct complex){(int16_t)(first + last), (int16_t)(first - last)}, 2);
    for (int32_t i = 1; i <= p->points / 2; i++) {
        const int16_t *const near = in + 2 * i;
        const int16_t *const far = in + 2 * (p->points - i);
        const struct complex a = part((struct complex){near[0], near[1]}, 2);
        const struct complex b = part((struct complex){far[0], (int16_t)-far[1]}, 2);
        const struct complex even = sum(a, b);
        const struct complex odd = product(difference(a, b), p->half_turns + 2 * (i - 1));
        x[i] = sum(even, odd);
        x[p->points - i] = difference(even, odd);
        x[p->points - i].im = (int16_t)-x[p->points - i].im;
    }
}

void tinyssl_signal_irfft(const int16_t *in, const struct tinyssl_signal_rfft *p, int16_t *out,
                          int8_t *scratch)
{
    struct complex *const spectrum = (struct complex *)(void *)scratch;
    for (int32_t row = 0; row < p->rows; row++) {
        struct complex *const x = (struct complex *)(void *)out;
        join(in, p, spectrum);
        for (int32_t i = 0; i < p->points; i++) {
            x[i] = spectrum[source(i, p->points)];
        }
        transform(x, p);
        in += 2 * (p->points + 1);
        out += 2 * p->points;
    }
}
