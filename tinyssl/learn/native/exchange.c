/* Vectors that the processes of one computer give each other, through memory that they share.
 *
 * Everyone writes a vector into its own place, says so, and waits until all have. Places alternate
 * between two sets: who is at a turn knows that all have read the turn before the last, since each
 * announces its turn after it has read the one before. So one wait a turn is enough. */
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#else
#include <time.h>
#endif

enum {
    LINE = 128,    /* Bytes that no two processes write at the same time */
    SPINS = 20000, /* Looks at a turn before the processor is given away */
};

typedef struct {
    _Atomic uint32_t turn;    /* Of the vector that lies ready */
    _Atomic uint32_t waiting; /* Processes that sleep until `turn` changes */
    char rest[LINE - 2 * sizeof(uint32_t)];
} Member;

typedef struct {
    char *memory;      /* Members, then 2 sets of `size` places */
    uint32_t rank;     /* Of this process */
    uint32_t size;     /* Processes */
    uint64_t capacity; /* Floats of a place, a multiple of LINE / 4 */
    uint32_t turn;     /* Of this process */
} Exchange;

static Member *member(const Exchange *e, uint32_t rank)
{
    return (Member *)(void *)e->memory + rank;
}

static float *place(const Exchange *e, uint32_t rank)
{
    float *places = (float *)(void *)(member(e, e->size));
    return places + ((e->turn & 1u) * (uint64_t)e->size + rank) * e->capacity;
}

/* Bytes of memory that an exchange takes; new memory must be zero. */
uint64_t tinyssl_exchange_bytes(uint32_t size, uint64_t capacity)
{
    return size * sizeof(Member) + 2u * size * capacity * sizeof(float);
}

static void sleep_until(_Atomic uint32_t *turn, uint32_t seen, int64_t nanoseconds)
{
#ifdef __linux__
    const struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, turn, FUTEX_WAIT, seen, &limit, (void *)0, 0);
#else
    const struct timespec pause = {0, 50000};
    (void)turn, (void)seen, (void)nanoseconds;
    nanosleep(&pause, (void *)0);
#endif
}

/* Gives `count` floats to all, at most the capacity, and takes the next turn. */
void tinyssl_exchange_give(Exchange *e, const float *values, uint64_t count)
{
    Member *mine = member(e, e->rank);
    e->turn++;
    memcpy(place(e, e->rank), values, count * sizeof *values);
    atomic_store(&mine->turn, e->turn);
#ifdef __linux__
    if (atomic_load(&mine->waiting) > 0) {
        syscall(SYS_futex, &mine->turn, FUTEX_WAKE, INT32_MAX, (void *)0, (void *)0, 0);
    }
#endif
}

/* 1 when process `rank` has given its vector of this turn; 0 when it has not in that time. */
static int given(const Exchange *e, uint32_t rank, int64_t nanoseconds)
{
    Member *other = member(e, rank);
    for (int spin = 0; spin < SPINS; spin++) {
        if ((int32_t)(atomic_load(&other->turn) - e->turn) >= 0) {
            return 1;
        }
    }
    atomic_fetch_add(&other->waiting, 1);
    const uint32_t seen = atomic_load(&other->turn);
    if ((int32_t)(seen - e->turn) < 0) {
        sleep_until(&other->turn, seen, nanoseconds);
    }
    atomic_fetch_sub(&other->waiting, 1);
    return (int32_t)(atomic_load(&other->turn) - e->turn) >= 0;
}

/* Rank of a process that has not given its vector of this turn after some time; -1: all have. */
int32_t tinyssl_exchange_missing(const Exchange *e, int64_t nanoseconds)
{
    for (uint32_t rank = 0; rank < e->size; rank++) {
        if (!given(e, rank, nanoseconds)) {
            return (int32_t)rank;
        }
    }
    return -1;
}

/* All vectors of this turn, in the order of the ranks: size * count floats. */
void tinyssl_exchange_read(const Exchange *e, float *values, uint64_t count)
{
    for (uint32_t rank = 0; rank < e->size; rank++) {
        memcpy(values + rank * count, place(e, rank), count * sizeof *values);
    }
}

/* Sum of the vectors of this turn, added in the order of the ranks. */
void tinyssl_exchange_sum(const Exchange *e, float *values, uint64_t count)
{
    memcpy(values, place(e, 0), count * sizeof *values);
    for (uint32_t rank = 1; rank < e->size; rank++) {
        const float *from = place(e, rank);
        for (uint64_t at = 0; at < count; at++) {
            values[at] += from[at];
        }
    }
}
