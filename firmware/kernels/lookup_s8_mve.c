#include "lookup_s8_mve.h"

#include "bytes_mve.h"

void tinyssl_lookup_s8_mve(const int8_t *in, const struct tinyssl_lookup *p, int8_t *out)
{
    tinyssl_look_up_bytes(out, in, p->table, p->size);
}
