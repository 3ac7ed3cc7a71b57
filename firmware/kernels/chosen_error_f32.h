/* The error of one side of a maximum or a minimum. */
#ifndef TINYSSL_CHOSEN_ERROR_F32_H
#define TINYSSL_CHOSEN_ERROR_F32_H

#include <stdint.h>

struct tinyssl_chosen_error {
    int32_t size;
    int32_t equal; /* 1: the error passes where side == chosen; 0: where it is not */
};

/* All [size]; out may be where any of the others is. */
void tinyssl_chosen_error_f32(const float *error, const float *side, const float *chosen,
                              const struct tinyssl_chosen_error *p, float *out);

#endif
