/* A float32 product to add to something: rounded first, as TensorFlow Lite Micro does. Compilers may
 * fuse it with the sum, which rounds once; GCC does so by default where the core can. */
#ifndef TINYSSL_PRODUCT_F32_H
#define TINYSSL_PRODUCT_F32_H

#if !defined(__FP_FAST_FMAF) && !defined(__clang__)
#define TINYSSL_ROUNDED(x) (void)(x) /* no instruction adds a product */
#elif defined(__arm__)
#define TINYSSL_ROUNDED(x) __asm__("" : "+t"(x))
#elif defined(__riscv) || defined(__xtensa__)
#define TINYSSL_ROUNDED(x) __asm__("" : "+f"(x))
#elif defined(__aarch64__)
#define TINYSSL_ROUNDED(x) __asm__("" : "+w"(x))
#else
#define TINYSSL_ROUNDED(x) __asm__("" : "+m"(x))
#endif

static inline float tinyssl_product(float left, float right)
{
    float product = left * right;
    TINYSSL_ROUNDED(product);
    return product;
}

/* VMLA and VMLS round the product before the sum, and are one instruction; compilers do not take them
 * where a core has the fused VFMA. */
#if defined(__arm__) && defined(__FP_FAST_FMAF) && !defined(__clang__)
#define TINYSSL_CHAINED(name, sum, left, right)                                                    \
    __asm__(name ".f32 %0, %1, %2" : "+t"(sum) : "t"(left), "t"(right))
#endif

/* sum + left * right */
static inline float tinyssl_add_product(float sum, float left, float right)
{
#ifdef TINYSSL_CHAINED
    TINYSSL_CHAINED("vmla", sum, left, right);
    return sum;
#else
    return sum + tinyssl_product(left, right);
#endif
}

/* sum - left * right */
static inline float tinyssl_subtract_product(float sum, float left, float right)
{
#ifdef TINYSSL_CHAINED
    TINYSSL_CHAINED("vmls", sum, left, right);
    return sum;
#else
    return sum - tinyssl_product(left, right);
#endif
}

#endif
