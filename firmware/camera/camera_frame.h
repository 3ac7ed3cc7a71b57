/* Frames of a camera as the input of a model: the centre is cut out, resized, and each pixel becomes
 * the model's code. The bytes are those that Pillow gives on a computer (ImageOps.fit, bicubic):
 * its weights, its fixed point, its two passes. No heap, no float. */
#ifndef TINYSSL_CAMERA_FRAME_H
#define TINYSSL_CAMERA_FRAME_H

#include <stdint.h>

enum tinyssl_camera_format {
    TINYSSL_CAMERA_GREY,
    TINYSSL_CAMERA_RGB888,
    TINYSSL_CAMERA_RGB565,   /* low byte first */
    TINYSSL_CAMERA_RGB565BE, /* high byte first, as esp_camera gives it */
    TINYSSL_CAMERA_YUYV,     /* YUV of ITU-R BT.601, full range */
    TINYSSL_CAMERA_UYVY,
    TINYSSL_CAMERA_RGGB, /* Bayer, by the first two pixels of the first two lines */
    TINYSSL_CAMERA_GRBG,
    TINYSSL_CAMERA_GBRG,
    TINYSSL_CAMERA_BGGR
};

/* How the samples of a line become fewer or more. */
struct tinyssl_camera_axis {
    const uint16_t *first;   /* [outputs]: the first input of each */
    const uint16_t *row;     /* [outputs]: which row of the weights */
    const int32_t *weights;  /* [rows][taps]: 4,194,304 is 1 */
    uint16_t outputs, taps;  /* taps: inputs of an output */
    uint16_t start, samples; /* the inputs that count: from `start` on */
};

struct tinyssl_camera_plan {
    uint16_t width, height;
    enum tinyssl_camera_format format;
    struct tinyssl_camera_axis across, down;
    int across_first;    /* the order in which Pillow takes the two passes */
    uint16_t channels;   /* of the model: 1 or 3 */
    uint16_t code_bytes; /* 1, or 4 of float */
    const void *codes;   /* [channels][256]: what a pixel is to the model */
};

/* Writes the model's input.
 *   frame    what the camera gave, height lines without gaps
 *   scratch  for lines: (down.taps * w + 2 * l) * c bytes, anywhere but in the others; c is 1 for grey
 *            frames, else 3; w is across.outputs if across_first, else across.samples; l is the larger
 *   input    [down.outputs][across.outputs][channels] codes */
void tinyssl_camera_frame(const struct tinyssl_camera_plan *plan, const uint8_t *frame,
                          uint8_t *scratch, void *input);

#endif
