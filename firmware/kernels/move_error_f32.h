/* Errors back to the elements that were copied: the copy the other way round, with sums. */
#ifndef TINYSSL_MOVE_ERROR_F32_H
#define TINYSSL_MOVE_ERROR_F32_H

#include <stdint.h>

#include "copy.h"

struct tinyssl_move_error {
    int32_t size;             /* of the output */
    struct tinyssl_copy copy; /* in elements; from the errors to the output */
};

/* out: [size]; zeros where nothing was copied, sums where the same element was copied again. */
void tinyssl_move_error_f32(const float *error, const struct tinyssl_move_error *p, float *out);

#endif
