#ifndef TINYSSL_SELECT_H
#define TINYSSL_SELECT_H

#include <stdint.h>

/* left where the condition holds, else right: with broadcasting. Nested loops, the outermost first.
 */
struct tinyssl_select_loops {
    int32_t count[4];     /* rounds */
    int32_t condition[4]; /* elements of an input from round to round; 0: it is repeated */
    int32_t left[4];
    int32_t right[4];
};

struct tinyssl_select {
    struct tinyssl_select_loops loops;
    const void *condition, *left, *right; /* constants; NULL: the next of the list */
};

/* By bytes of an element. in: the inputs that are no constants, the condition 0 or 1 in a byte; out:
 * one. It may be an input of its size and type. */
void tinyssl_select_1(const int8_t *const *in, const struct tinyssl_select *p, int8_t *const *out);
void tinyssl_select_2(const int8_t *const *in, const struct tinyssl_select *p, int8_t *const *out);
void tinyssl_select_4(const int8_t *const *in, const struct tinyssl_select *p, int8_t *const *out);

#endif
