#ifndef TINYSSL_CIRCULAR_BUFFER_H
#define TINYSSL_CIRCULAR_BUFFER_H

#include <stdint.h>

/* The last inputs, the oldest first. */
struct tinyssl_circular_buffer {
    int32_t bytes;  /* of all */
    int32_t newest; /* bytes of one input */
};

/* in: [newest]; state: [bytes], moved on by one input, apart from it. */
void tinyssl_circular_buffer(const int8_t *in, const struct tinyssl_circular_buffer *p,
                             int8_t *state);

#endif
