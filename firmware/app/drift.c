#include "drift.h"

static float magnitude(float value)
{
    return value < 0 ? -value : value;
}

bool drift_add(struct drift *drift, float value)
{
    const uint32_t known = drift->values;
    drift->values += known < UINT32_MAX ? 1u : 0u;
    const float weight = (float)(known < DRIFT_MEMORY ? known + 1u : DRIFT_MEMORY);
    const float above = value - drift->mean;
    if (known >= DRIFT_WARM_UP && drift->distance > 0) {
        const float most = DRIFT_LONGEST * drift->distance;
        const float counted = (above < most ? above : most) / drift->distance;
        drift->sum += counted - DRIFT_TOLERANCE;
        drift->sum = drift->sum > 0 ? drift->sum : 0;
    }
    if (drift->sum > DRIFT_LIMIT) {
        *drift = (struct drift){.found = drift->found + 1u};
        return true;
    }
    drift->mean += known == 0 ? above : above / weight;
    if (known > 0) {
        drift->distance += (magnitude(above) - drift->distance) / weight;
    }
    return false;
}
