/* What a program around a model knows of its tensors: names, element types, shapes, quantisation. */
#ifndef TINYSSL_TENSOR_H
#define TINYSSL_TENSOR_H

#include <stdint.h>

enum tinyssl_type {
    TINYSSL_TYPE_INT8,
    TINYSSL_TYPE_INT16,
    TINYSSL_TYPE_INT32,
    TINYSSL_TYPE_INT64,
    TINYSSL_TYPE_UINT8,
    TINYSSL_TYPE_FLOAT32,
    TINYSSL_TYPE_BOOL,
    TINYSSL_TYPE_UINT32,
    TINYSSL_TYPE_UINT64
};

enum tinyssl_kind {
    TINYSSL_KIND_INPUT,     /* you write it; an inference may overwrite it */
    TINYSSL_KIND_OUTPUT,    /* an inference writes it; valid until you write an input */
    TINYSSL_KIND_PARAMETER, /* an inference reads it; you may write it between two */
    TINYSSL_KIND_STATE,     /* an inference writes it for the next one */
    TINYSSL_KIND_TARGET     /* you write it before a training step: the right answer */
};

struct tinyssl_tensor {
    const char *name;     /* printable ASCII, other bytes as %XX */
    const int32_t *shape; /* `rank` sizes; elements lie in C order */
    uint32_t bytes;
    float scale; /* real value = scale * (q - zero_point); 0: not quantised */
    int32_t zero_point;
    uint8_t type; /* enum tinyssl_type */
    uint8_t kind; /* enum tinyssl_kind */
    uint8_t rank;
};

#endif
