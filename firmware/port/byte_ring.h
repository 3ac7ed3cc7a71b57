/* A ring of received bytes. One context puts (an interrupt), one takes (the program); either may
 * interrupt the other between any two instructions.
 *
 * The data is stored before the index that publishes it, and read before the index that frees it. A
 * signal fence stops the compiler from moving them; on one core, which sees its own stores in order,
 * that is enough. A second core or DMA would need more. */
#ifndef TINYSSL_BYTE_RING_H
#define TINYSSL_BYTE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_ring {
    uint8_t *const bytes;
    const uint32_t size;      /* a power of two */
    _Atomic uint32_t in, out; /* free running; in - out bytes are held */
};

/* Initialiser of a ring in an array. */
#define BYTE_RING(array)                                                                           \
    {                                                                                              \
        .bytes = (array), .size = sizeof(array)                                                    \
    }

static inline uint32_t byte_ring_held(const struct byte_ring *ring)
{
    const uint32_t out = atomic_load_explicit(&ring->out, memory_order_relaxed);
    return atomic_load_explicit(&ring->in, memory_order_relaxed) - out;
}

/* Of the writer: false where the ring is full, and the byte was dropped. */
static inline bool byte_ring_put(struct byte_ring *ring, uint8_t byte)
{
    const uint32_t in = atomic_load_explicit(&ring->in, memory_order_relaxed);
    if (byte_ring_held(ring) >= ring->size) {
        return false;
    }
    atomic_signal_fence(memory_order_acquire);
    ring->bytes[in & (ring->size - 1u)] = byte;
    atomic_signal_fence(memory_order_release);
    atomic_store_explicit(&ring->in, in + 1u, memory_order_relaxed);
    return true;
}

/* Of the reader: copies up to `size` bytes to `data`; returns how many. */
static inline size_t byte_ring_take(struct byte_ring *ring, uint8_t *data, size_t size)
{
    size_t count = 0;
    while (count < size && byte_ring_held(ring) > 0) {
        const uint32_t out = atomic_load_explicit(&ring->out, memory_order_relaxed);
        atomic_signal_fence(memory_order_acquire);
        data[count++] = ring->bytes[out & (ring->size - 1u)];
        atomic_signal_fence(memory_order_release);
        atomic_store_explicit(&ring->out, out + 1u, memory_order_relaxed);
    }
    return count;
}

#endif
