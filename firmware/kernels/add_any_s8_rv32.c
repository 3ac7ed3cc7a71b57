#include "add_any_s8_rv32.h"

#include "add_s8_rv32.h"

TINYSSL_BROADCAST(tinyssl_add_any_s8_rv32, tinyssl_add_any_dsp, int8_t, int8_t,
                  tinyssl_sum_rv32(&p->sum, x, y))
