/* Version of the parameter structs in this folder. Generated code states the version that it was
 * made for and refuses to compile against another. */
#ifndef TINYSSL_KERNELS_ABI_H
#define TINYSSL_KERNELS_ABI_H

#define TINYSSL_KERNEL_ABI 2

/* Behind a file's includes: its functions are compiled for size. For those in which -O2 would only
 * inline and unroll what takes little of the time; each use was measured (docs/engine.md). */
#if defined(__GNUC__) && !defined(__clang__)
#define TINYSSL_FOR_SIZE _Pragma("GCC optimize(\"Os\")")
#else
#define TINYSSL_FOR_SIZE
#endif

#endif
