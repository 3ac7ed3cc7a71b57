/* Has what is measured begun to grow? The Page-Hinkley test (E. S. Page, Continuous inspection schemes,
 * Biometrika 41, 1954; D. V. Hinkley, Inference about the change-point from cumulative sum tests,
 * Biometrika 58, 1971), as Gama et al. use it for concept drift (ACM Computing Surveys 46, 4, 2014).
 *
 * It sums how far values lie above their mean, less a tolerance, and never below 0; a large sum is a
 * drift. Ours: mean and tolerance adapt. Both the mean and the mean distance to it (in whose units the
 * test counts, so it needs no setting for a loss) are running means that forget after DRIFT_MEMORY
 * values, and one value counts for at most DRIFT_LONGEST distances. No square root, no history. */
#ifndef TINYSSL_DRIFT_H
#define TINYSSL_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#define DRIFT_WARM_UP 64u    /* values before the test starts */
#define DRIFT_MEMORY 256u    /* values that mean and distance remember */
#define DRIFT_TOLERANCE 0.3f /* distances above the mean that are no drift */
#define DRIFT_LONGEST 4.0f   /* distances that one value counts at most */
#define DRIFT_LIMIT 40.0f    /* a larger sum is a drift */

struct drift {
    uint32_t values; /* since the start or the last drift */
    float mean;
    float distance; /* mean absolute difference to the mean */
    float sum;
    uint32_t found; /* drifts so far */
};

/* Takes a finite value; true: it shows a drift, and the test starts anew. */
bool drift_add(struct drift *drift, float value);

#endif
