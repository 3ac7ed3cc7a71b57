#ifndef TINYSSL_DETECTION_POSTPROCESS_F32_H
#define TINYSSL_DETECTION_POSTPROCESS_F32_H

#include <stdint.h>

/* Boxes of an object detector: decoded by their anchors, the best kept of those that overlap. */
struct tinyssl_detection_postprocess {
    const float *anchors; /* [boxes][4]: y and x of the centre, height, width */
    int32_t boxes;
    int32_t box_values; /* numbers of a box in the input, 4 or more */
    int32_t classes;    /* without the background */
    int32_t background; /* 1: the first score of a box is that of the background */
    int32_t detections; /* places in the outputs */
    int32_t per_class; /* most detections of a class; 0: each box counts for its best class alone */
    float score_min;   /* of a detection */
    float overlap_max; /* intersection over union of two detections */
    float scale_y;
    float scale_x;
    float scale_h;
    float scale_w;
};

/* in: [boxes][box_values] centres and sizes, [boxes][background + classes] scores.
 * out: [detections][4] top, left, bottom, right; [detections] classes; [detections] scores; how many
 * there are. Places behind them are 0. scratch: 21 bytes a box, aligned as a float. */
void tinyssl_detection_postprocess_f32(const int8_t *const *in,
                                       const struct tinyssl_detection_postprocess *p,
                                       int8_t *const *out, int8_t *scratch);

#endif
