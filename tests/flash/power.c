/* Saves and forgets parameters, with the power cut at every operation of the flash and in every way, and
 * looks after each cut whether what is loaded is whole, old or new, and the next save works.
 *
 * usage: PROGRAM [SEED]; says how many cuts there were. */
#define _GNU_SOURCE

#include "power.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flash_log.h"

#ifndef LENGTH
#define LENGTH 101u
#endif
#ifndef STEPS
#define STEPS 9u
#endif
#define MODEL 0x123456789ABCDEF0u

enum { FIRST = 37, CUT_OFF = 9, WRONG = 1, FORGOTTEN = 4 };

struct power *power;

static uint8_t parameters[LENGTH];
static const struct flash_log_part parts[] = {
    {parameters, FIRST},
    {parameters + FIRST, LENGTH - FIRST},
};

void failed(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    printf(" (cut %d at operation %u, step %u)\n", power->cut, power->cut_at, power->attempted);
    fflush(stdout);
    _exit(WRONG);
}

void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        abort();
    }
    return memory;
}

static uint8_t random_byte(void)
{
    power->random = power->random * 1664525u + 1013904223u;
    return (uint8_t)(power->random >> 24);
}

void operate(uint8_t *bytes, const uint8_t *wanted, size_t size, void (*last)(enum cut cut))
{
    if (++power->operations != power->cut_at) {
        memcpy(bytes, wanted, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        const bool done = power->cut == ALL || (power->cut == HALF && i < size / 2u);
        const uint8_t mask = power->cut == BITS ? random_byte() : done ? 0xFFu : 0u;
        bytes[i] = (uint8_t)((bytes[i] & ~mask) | (wanted[i] & mask));
    }
    if (last) {
        last(power->cut);
    }
    _exit(CUT_OFF);
}

/* Step `step` of the program stores this, or forgets. */
static void fill(uint32_t step)
{
    for (uint32_t i = 0; i < LENGTH; i++) {
        parameters[i] = (uint8_t)(step * 31u + i * 7u + (i >> 3));
    }
}

static bool forgets(uint32_t step)
{
    return step % FORGOTTEN == 0;
}

static void step_on(uint32_t step)
{
    fill(step);
    power->attempted = step;
    const enum flash_log_status status =
        forgets(step) ? flash_log_forget(MODEL) : flash_log_save(MODEL, parts, 2);
    if (status != FLASH_LOG_OK) {
        failed("step %u: status %d", step, status);
    }
    power->done = step;
}

/* Whether what is stored is what step `step` left. */
static bool holds(uint32_t step)
{
    memset(parameters, 0xA5, LENGTH);
    const enum flash_log_status status = flash_log_load(MODEL, parts, 2);
    if (forgets(step)) { /* step 0 too: nothing was stored yet */
        return status == FLASH_LOG_EMPTY;
    }
    uint8_t loaded[LENGTH];
    memcpy(loaded, parameters, LENGTH);
    fill(step);
    return status == FLASH_LOG_OK && memcmp(loaded, parameters, LENGTH) == 0;
}

static void run_all(void)
{
    for (uint32_t step = power->done + 1u; step <= STEPS; step++) {
        step_on(step);
    }
}

static void recover(void)
{
    if (!holds(power->attempted) && !holds(power->done)) {
        failed("neither what step %u nor what step %u stored", power->done, power->attempted);
    }
    struct flash_log_info info;
    flash_log_info(MODEL, &info);
    if (info.capacity < LENGTH) {
        failed("capacity %u", info.capacity);
    }
}

static void recover_and_run(void)
{
    recover();
    run_all();
    if (!holds(STEPS)) {
        failed("the last step is not stored");
    }
}

/* A process from power-on; returns how it ended. */
static int boot(void (*what)(void), uint32_t cut_at)
{
    fflush(stdout);
    power->operations = 0;
    power->cut_at = cut_at;
    const pid_t child = fork();
    if (child == 0) {
        flash_power_on();
        what();
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code != 0 && code != CUT_OFF) {
        printf("a process ended with %d (cut %d at operation %u, step %u)\n", code, power->cut,
               cut_at, power->attempted);
        exit(1);
    }
    return code;
}

static void start_anew(uint32_t seed, enum cut cut)
{
    *power = (struct power){.random = seed, .cut = cut};
    flash_new();
}

int main(int count, char **arguments)
{
    const uint32_t seed = count > 1 ? (uint32_t)atoi(arguments[1]) : 1u;
    power = shared(sizeof *power);
    start_anew(seed, NOTHING);
    boot(run_all, 0);
    const uint32_t operations = power->operations;
    uint32_t cuts = 0;
    for (uint32_t at = 1; at <= operations; at++) {
        for (int cut = 0; cut < CUTS; cut++) {
            start_anew(seed + at, (enum cut)cut);
            cuts += boot(run_all, at) == CUT_OFF;
            boot(recover, 0);
            cuts += boot(recover_and_run, 1u + at * 7u % 23u) == CUT_OFF; /* a second cut */
            boot(recover_and_run, 0);
        }
    }
    printf("%u operations, %u cuts\n", operations, cuts);
    return cuts >= operations * CUTS ? 0 : 1;
}
