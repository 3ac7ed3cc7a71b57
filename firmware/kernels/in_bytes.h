/* Structs that lie in an array of bytes. */
#ifndef TINYSSL_IN_BYTES_H
#define TINYSSL_IN_BYTES_H

/* A struct that lies in working memory, which is an array of bytes: C's rule of effective types would
 * let the compiler take the two for different memory. The attribute says that they are one, so no
 * -fno-strict-aliasing is needed. A compiler without it must not reason by types. */
#if defined(__GNUC__)
#define TINYSSL_IN_BYTES __attribute__((may_alias))
#else
#define TINYSSL_IN_BYTES
#endif

#endif
