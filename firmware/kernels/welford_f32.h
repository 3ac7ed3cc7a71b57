/* Running mean and variance of each feature (Welford, 1962), and features brought to mean 0 and
 * variance 1 by them. */
#ifndef TINYSSL_WELFORD_F32_H
#define TINYSSL_WELFORD_F32_H

#include <stdint.h>

struct tinyssl_welford {
    int32_t size;  /* features */
    float epsilon; /* joins each variance before its root */
};

/* (x - mean) / sqrt(variance + epsilon) by the statistics that x itself has joined, which stay as they
 * are: x, mean, variance, out [size], count [1]. So nothing is farther from 0 than the root of the
 * number of samples, the first sample is 0, and so is what never changed. NaN where a statistic would be
 * no finite number. */
void tinyssl_normalise_f32(const float *x, const float *mean, const float *variance,
                           const float *count, const struct tinyssl_welford *p, float *out);

/* x joins the statistics: mean, variance (of the population) [size], count [1]. They stay as they were
 * where a new one would be no finite number. The count ends at 2^24, the largest that a float32 counts
 * to; from then on each sample weighs 2^-24. */
void tinyssl_statistics_update_f32(const float *x, const struct tinyssl_welford *p, float *mean,
                                   float *variance, float *count);

#endif
