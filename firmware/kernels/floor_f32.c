#include "floor_f32.h"

#include <math.h>

static float remainder_of(float x, float y)
{
    const float rest = fmodf(x, y);
    return rest != 0.0F && (y < 0.0F) != (rest < 0.0F) ? rest + y : rest;
}

TINYSSL_BROADCAST(tinyssl_floor_div_f32, tinyssl_pair, float, float, floor((double)x / (double)y))
TINYSSL_BROADCAST(tinyssl_floor_mod_f32, tinyssl_pair, float, float, remainder_of(x, y))
