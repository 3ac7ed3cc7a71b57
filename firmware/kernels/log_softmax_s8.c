#include "log_softmax_s8.h"

#include "fixed_functions.h"

static int32_t raised(int32_t x, int32_t shift)
{
    return tinyssl_saturate((int64_t)x * ((int64_t)1 << shift));
}

/* log(x) in Q5.26 for x >= 1 in Q12.19: x = 2^n * r with r around 1, n once whole and once less a
 * half, of which the better is taken; then a quotient of polynomials for log(r). */
static int32_t log_of(int32_t x)
{
    const int32_t log_2 = 1488522236, root_half = 1518500250, fourth_root_half = 1805811301;
    const int32_t a_num = 117049297, a_den = 127690142, a_one = 1057819769, a_q = 638450708;
    const int32_t quarter = INT32_C(1) << 23; /* Q6.25 */
    const int32_t zeros = tinyssl_leading_zeros((uint32_t)x);
    const int32_t lower = tinyssl_high_product(x, root_half);
    const int32_t lower_room = tinyssl_leading_zeros((uint32_t)lower) - 1;
    const int32_t r_a = raised(tinyssl_high_product(raised(x, zeros - 1), root_half), 1);
    const int32_t r_b = raised(x, lower_room);
    const int32_t n_a = (12 - zeros) * (INT32_C(1) << 25) + quarter;
    const int32_t n_b = (12 - lower_room) * (INT32_C(1) << 25) - quarter;
    const int32_t r = r_a < r_b ? r_a : r_b;
    const int32_t n = n_a > n_b ? n_a : n_b;

    const int32_t p = (int32_t)(((int64_t)r + fourth_root_half + 1) / 2);
    const int32_t q = 2 * (r - fourth_root_half);
    const int32_t q2 = tinyssl_high_product(q, q);
    const int32_t numerator =
        tinyssl_high_product(q, r) + tinyssl_high_product(tinyssl_high_product(q, q2), a_num);
    const int32_t inner = a_one + q + tinyssl_high_product(a_den, q2);
    const int32_t denominator = tinyssl_high_product(p, inner) + tinyssl_high_product(a_q, q);
    const int32_t log_r = tinyssl_high_product(tinyssl_shift_right(numerator, 6),
                                               tinyssl_one_over_one_plus(denominator));
    return raised(tinyssl_high_product(n, log_2) + log_r, 1);
}

static void row_of(const int8_t *in, const struct tinyssl_log_softmax *p, int8_t *out)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        max = in[i] > max ? in[i] : max;
    }
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = in[i] - max;
        if (difference >= p->diff_min) {
            const int32_t x = tinyssl_requantise(difference, p->multiplier, p->shift);
            sum += tinyssl_shift_right(tinyssl_exp_negative(x), 12);
        }
    }
    const int32_t log_sum = log_of(sum);
    int32_t least = tinyssl_requantise(log_sum + INT32_MIN, p->back_multiplier, p->back_shift);
    least = least > p->diff_min - 1 ? least : p->diff_min - 1;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = in[i] - max;
        int32_t y = INT8_MIN;
        if (difference > least) {
            const int32_t x = tinyssl_requantise(difference, p->multiplier, p->shift);
            y = tinyssl_shift_right(x - log_sum, 22) + INT8_MAX;
        }
        out[i] = tinyssl_clamp(y, INT8_MIN, INT8_MAX);
    }
}

void tinyssl_log_softmax_s8(const int8_t *in, const struct tinyssl_log_softmax *p, int8_t *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        row_of(in + row * p->depth, p, out + row * p->depth);
    }
}
