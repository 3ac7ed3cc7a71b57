#ifndef TINYSSL_PICK_H
#define TINYSSL_PICK_H

#include <stdint.h>

#define TINYSSL_PICK_AXES 5

/* For each index of the output along an axis, which index of the input it takes. */
struct tinyssl_pick {
    const uint16_t *index; /* indices of the input: of the first axis, of the second, … */
    int32_t run;           /* bytes that lie together in both tensors */
    int32_t out_step;      /* bytes from a run of the output to the next, `run` or more */
    int32_t count[TINYSSL_PICK_AXES]; /* of the output along an axis */
    int32_t step[TINYSSL_PICK_AXES];  /* bytes from one index of the input to the next */
};

/* in and out: tensors of any element type; they must not overlap. */
void tinyssl_pick(const int8_t *in, const struct tinyssl_pick *p, int8_t *out);

#endif
