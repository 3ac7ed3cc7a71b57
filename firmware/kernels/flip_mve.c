#include "flip_mve.h"

#include "bytes_mve.h"

void tinyssl_flip_mve(const int8_t *in, const struct tinyssl_flip *p, int8_t *out)
{
    tinyssl_flip_bytes(out, in, p->size);
}
