/* Version of the parameter structs in this folder. Generated code states the version that it was
 * made for and refuses to compile against another. */
#ifndef TINYSSL_KERNELS_ABI_H
#define TINYSSL_KERNELS_ABI_H

#define TINYSSL_KERNEL_ABI 4

#endif
