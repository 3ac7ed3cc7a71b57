/* A class set that grows: the last rows of a layer are for classes that nobody has shown yet. A free
 * class has weights of 0 and a bias so low that softmax gives it no share. */
#ifndef TINYSSL_NEW_CLASSES_F32_H
#define TINYSSL_NEW_CLASSES_F32_H

#include <stdint.h>

#define TINYSSL_FREE_CLASS (-1e9f)       /* bias of a free class */
#define TINYSSL_FREE_CLASS_BELOW (-1e6f) /* a class with a lower bias is free */

struct tinyssl_new_classes {
    int32_t size;     /* classes */
    int32_t first;    /* class of the first bias: those in front of it are never free */
    int32_t momentum; /* 1: the biases have velocities */
};

/* tinyssl_softmax_cross_entropy_f32 where the score of the label's class counts as 0 if the class is
 * free: scores, error [size], label, bias [size - first], loss [1]. */
void tinyssl_growing_cross_entropy_f32(const float *scores, const int32_t *label, const float *bias,
                                       const struct tinyssl_new_classes *p, float *error,
                                       float *loss);

/* in: label; out: bias [size - first], then its velocity. The bias of the label's class becomes 0 if
 * the class is free. Other free classes get the bias of free ones again, and velocity 0. */
void tinyssl_open_class_f32(const int8_t *const *in, const struct tinyssl_new_classes *p,
                            int8_t *const *out);

#endif
