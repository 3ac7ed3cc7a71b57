#include "pad.h"

void tinyssl_pad(const int8_t *in, const struct tinyssl_pad_axes *p, int8_t *out)
{
    tinyssl_fill(&p->fill, out);
    tinyssl_copy(in, &p->copy, out);
}
