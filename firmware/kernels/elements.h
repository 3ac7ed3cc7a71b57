#ifndef TINYSSL_ELEMENTS_H
#define TINYSSL_ELEMENTS_H

#include <stdint.h>

/* Of functions of one element without parameters. */
struct tinyssl_elements {
    int32_t size;
};

#endif
