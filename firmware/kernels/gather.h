#ifndef TINYSSL_GATHER_H
#define TINYSSL_GATHER_H

#include <stdint.h>

/* Rows of a tensor by their indices: in each batch, in each part of it, `picks` of `length` rows. */
struct tinyssl_gather {
    const void *table;      /* the input of the functions without `in` */
    const int32_t *indices; /* those of the function without `indices` */
    int32_t batches;        /* each with its own indices */
    int32_t outers;         /* in a batch, all with the same indices */
    int32_t picks;          /* indices of a batch */
    int32_t length;         /* rows that an index may name */
    int32_t run;            /* bytes of a row */
};

/* Tensors are of any element type, indices int32: one that names no row takes the nearest. */
void tinyssl_gather(const int8_t *in, const int8_t *indices, const struct tinyssl_gather *p,
                    int8_t *out);
void tinyssl_gather_constant(const int8_t *in, const struct tinyssl_gather *p, int8_t *out);
void tinyssl_gather_table(const int8_t *indices, const struct tinyssl_gather *p, int8_t *out);

/* Slices of a tensor by the indices of their first axes. */
struct tinyssl_gather_nd {
    const void *table;
    const int32_t *indices;
    int32_t picks;   /* slices */
    int32_t depth;   /* indices of a slice, up to 5 */
    int32_t step[5]; /* bytes from one index of an axis to the next */
    int32_t last;    /* bytes of the input before its last slice */
    int32_t run;     /* bytes of a slice */
};

void tinyssl_gather_nd(const int8_t *in, const int8_t *indices, const struct tinyssl_gather_nd *p,
                       int8_t *out);
void tinyssl_gather_nd_constant(const int8_t *in, const struct tinyssl_gather_nd *p, int8_t *out);
void tinyssl_gather_nd_table(const int8_t *indices, const struct tinyssl_gather_nd *p, int8_t *out);

/* Rows of an int8 table as float. */
struct tinyssl_embedding {
    const int8_t *table; /* [rows][columns], zero point 0 */
    int32_t picks, rows, columns;
    float scale;
};

void tinyssl_embedding_f32(const int32_t *indices, const struct tinyssl_embedding *p, float *out);

#endif
