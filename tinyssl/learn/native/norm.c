/* Batch norm over (rows, channels) float32, with ReLU6 or without, for training on a CPU.
 *
 * Sums run over blocks of whole rows, each lane of a block in a sum of its own: a compiler turns
 * that into vector code without changing the order of any addition, so results do not depend on
 * what it makes of it. */
#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
    LANES = 256,    /* Least floats of a block */
    LONGEST = 4096, /* Most channels */
    FLUSH = 32,     /* Blocks summed in float before they are added to the sums in double */
};

static const float TOP = 6.0f; /* Of ReLU6 */

/* Floats of a block: as many rows as it takes to have LANES of them. */
static size_t block_of(size_t channels)
{
    return channels * ((LANES + channels - 1) / channels);
}

static void tile(float *to, const float *values, size_t channels, size_t block)
{
    for (size_t at = 0; at < block; at += channels) {
        memcpy(to + at, values, channels * sizeof *to);
    }
}

static void fold(double *sums, const float *lanes, size_t channels, size_t block)
{
    for (size_t at = 0; at < block; at += channels) {
        for (size_t c = 0; c < channels; c++) {
            sums[c] += lanes[at + c];
        }
    }
}

/* Mean of each channel, then mean squared distance from it: 2 * channels floats. */
void tinyssl_norm_moments(const float *x, int64_t rows, int64_t channels, float *moments)
{
    static _Thread_local float shift[LONGEST + LANES], first[LONGEST + LANES];
    static _Thread_local float second[LONGEST + LANES];
    static _Thread_local double sums[LONGEST], squares[LONGEST];
    const size_t width = (size_t)channels, count = (size_t)rows * width, block = block_of(width);
    memset(sums, 0, width * sizeof *sums);
    memset(squares, 0, width * sizeof *squares);
    tile(shift, x, width, block);
    for (size_t at = 0; at < count;) {
        memset(first, 0, block * sizeof *first);
        memset(second, 0, block * sizeof *second);
        for (int blocks = 0; blocks < FLUSH && at < count; blocks++) {
            const size_t length = count - at < block ? count - at : block;
            const float *from = x + at;
            for (size_t lane = 0; lane < length; lane++) {
                const float distance = from[lane] - shift[lane];
                first[lane] += distance;
                second[lane] += distance * distance;
            }
            at += length;
        }
        fold(sums, first, width, block);
        fold(squares, second, width, block);
    }
    for (size_t c = 0; c < width; c++) {
        const double mean = sums[c] / (double)rows;
        moments[c] = (float)(shift[c] + mean);
        moments[width + c] = (float)fmax(squares[c] / (double)rows - mean * mean, 0.0);
    }
}

/* y = x * scale + offset, of `tinyssl_norm_fit`, and ReLU6 of that where `clipped`. */
void tinyssl_norm_apply(const float *x, int64_t rows, int64_t channels, const float *fitted,
                        int32_t clipped, float *y)
{
    static _Thread_local float scales[LONGEST + LANES], offsets[LONGEST + LANES];
    const size_t width = (size_t)channels, count = (size_t)rows * width, block = block_of(width);
    tile(scales, fitted + 2 * width, width, block);
    tile(offsets, fitted + 3 * width, width, block);
    for (size_t at = 0; at < count; at += block) {
        const size_t length = count - at < block ? count - at : block;
        const float *from = x + at;
        float *to = y + at;
        if (clipped) {
            for (size_t lane = 0; lane < length; lane++) {
                float value = from[lane] * scales[lane] + offsets[lane];
                value = value < 0.0f ? 0.0f : value;
                to[lane] = value > TOP ? TOP : value;
            }
        } else {
            for (size_t lane = 0; lane < length; lane++) {
                to[lane] = from[lane] * scales[lane] + offsets[lane];
            }
        }
    }
}

/* What ReLU6 lets through of a gradient. */
static inline float through(float gradient, float value, int32_t clipped)
{
    return clipped && (value <= 0.0f || value >= TOP) ? 0.0f : gradient;
}

/* Of each channel: the sum of dy, and of dy * (x - mean): 2 * channels floats. dy is what comes
 * through ReLU6 where `clipped`. */
void tinyssl_norm_sums(const float *x, const float *dy, int64_t rows, int64_t channels,
                       const float *fitted, int32_t clipped, float *found)
{
    static _Thread_local float scales[LONGEST + LANES], offsets[LONGEST + LANES];
    static _Thread_local float means[LONGEST + LANES];
    static _Thread_local float first[LONGEST + LANES], second[LONGEST + LANES];
    static _Thread_local double sums[LONGEST], products[LONGEST];
    const size_t width = (size_t)channels, count = (size_t)rows * width, block = block_of(width);
    memset(sums, 0, width * sizeof *sums);
    memset(products, 0, width * sizeof *products);
    tile(scales, fitted + 2 * width, width, block);
    tile(offsets, fitted + 3 * width, width, block);
    tile(means, fitted, width, block);
    for (size_t at = 0; at < count;) {
        memset(first, 0, block * sizeof *first);
        memset(second, 0, block * sizeof *second);
        for (int blocks = 0; blocks < FLUSH && at < count; blocks++) {
            const size_t length = count - at < block ? count - at : block;
            const float *from = x + at, *above = dy + at;
            for (size_t lane = 0; lane < length; lane++) {
                const float value = from[lane] * scales[lane] + offsets[lane];
                const float gradient = through(above[lane], value, clipped);
                first[lane] += gradient;
                second[lane] += gradient * (from[lane] - means[lane]);
            }
            at += length;
        }
        fold(sums, first, width, block);
        fold(products, second, width, block);
    }
    for (size_t c = 0; c < width; c++) {
        found[c] = (float)sums[c];
        found[width + c] = (float)products[c];
    }
}

/* From the moments of all processes, whose rows are equally many, to what a layer needs.
 *
 * Everything has one float a channel. `fitted` holds four: the mean, 1 / the deviation, and scale
 * and offset with which the layer is y = x * scale + offset. The running mean and variance take
 * the share `momentum` of the new ones; the variance is there that of `rows` - 1. */
void tinyssl_norm_fit(const float *moments, int64_t processes, int64_t rows, int64_t channels,
                      float epsilon, float momentum, const float *weight, const float *bias,
                      float *running_mean, float *running_variance, float *fitted)
{
    const size_t width = (size_t)channels, all = (size_t)processes;
    const double unbiased = (double)rows / (double)(rows - 1);
    for (size_t c = 0; c < width; c++) {
        double mean = 0.0, variance = 0.0;
        for (size_t rank = 0; rank < all; rank++) {
            mean += moments[2 * rank * width + c];
        }
        mean /= (double)all;
        for (size_t rank = 0; rank < all; rank++) {
            const double distance = moments[2 * rank * width + c] - mean;
            variance += moments[(2 * rank + 1) * width + c] + distance * distance;
        }
        variance /= (double)all;
        running_mean[c] += momentum * ((float)mean - running_mean[c]);
        running_variance[c] += momentum * ((float)(variance * unbiased) - running_variance[c]);
        const double inverse = 1.0 / sqrt(variance + (double)epsilon);
        fitted[c] = (float)mean;
        fitted[width + c] = (float)inverse;
        fitted[2 * width + c] = (float)(inverse * weight[c]);
        fitted[3 * width + c] = (float)(bias[c] - mean * inverse * weight[c]);
    }
}

/* dx = scale * (dy - sum(dy) / rows - (x - mean) * inverse^2 * sum(dy * (x - mean)) / rows).
 *
 * `fitted` is that of `tinyssl_norm_fit`; `sums`, those of `tinyssl_norm_sums`, are added over all
 * `total` rows, of which this process has `rows`, times what its loss is divided by. */
void tinyssl_norm_gradient(const float *x, const float *dy, int64_t rows, int64_t channels,
                           const float *fitted, const float *sums, int64_t total, int32_t clipped,
                           float *dx)
{
    static _Thread_local float scales[LONGEST + LANES], offsets[LONGEST + LANES];
    static _Thread_local float slopes[LONGEST + LANES], levels[LONGEST + LANES];
    const size_t width = (size_t)channels, count = (size_t)rows * width, block = block_of(width);
    tile(scales, fitted + 2 * width, width, block);
    tile(offsets, fitted + 3 * width, width, block);
    for (size_t c = 0; c < width; c++) {
        const double inverse = fitted[width + c], scale = fitted[2 * width + c];
        const double slope = scale * inverse * inverse * sums[width + c] / (double)total;
        slopes[c] = (float)slope;
        levels[c] = (float)(scale * sums[c] / (double)total - slope * fitted[c]);
    }
    tile(slopes + width, slopes, width, block - width);
    tile(levels + width, levels, width, block - width);
    for (size_t at = 0; at < count; at += block) {
        const size_t length = count - at < block ? count - at : block;
        const float *from = x + at, *above = dy + at;
        float *to = dx + at;
        for (size_t lane = 0; lane < length; lane++) {
            const float value = from[lane] * scales[lane] + offsets[lane];
            const float gradient = through(above[lane], value, clipped);
            to[lane] = scales[lane] * gradient - from[lane] * slopes[lane] - levels[lane];
        }
    }
}
