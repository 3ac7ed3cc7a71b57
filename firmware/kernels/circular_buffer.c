#include "circular_buffer.h"

#include <string.h>

void tinyssl_circular_buffer(const int8_t *in, const struct tinyssl_circular_buffer *p,
                             int8_t *state)
{
    const size_t kept = (size_t)(p->bytes - p->newest);
    memmove(state, state + p->newest, kept);
    memcpy(state + kept, in, (size_t)p->newest);
}
