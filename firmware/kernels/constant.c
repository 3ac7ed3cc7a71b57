#include "constant.h"

#include <stddef.h>
#include <string.h>

void tinyssl_constant(const struct tinyssl_constant *p, int8_t *out)
{
    memcpy(out, p->from, (size_t)p->bytes);
}
