/* Saves and forgets parameters, with the power cut at every operation of the flash and in every way, and
 * looks after each cut whether what is loaded is whole, old or new, and the next save works.
 *
 * PREPARED steps come before the first cut; of the writes, every STRIDE-th is cut off, and every erase. Then
 * (FAULTS) a flash that does not change, and one that never ends; where the controller tells (TELLS), a refusal
 * and a torn word. Says how many cuts there were. */
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
#include "port_flash.h"

#ifndef LENGTH
#define LENGTH 101u
#endif
#ifndef STEPS
#define STEPS 9u
#endif
#ifndef PREPARED
#define PREPARED 0u
#endif
#ifndef STRIDE
#define STRIDE 1u
#endif
#define MODEL 0x123456789ABCDEF0u

enum { FIRST = 37, CUT_OFF = 9, WRONG = 1, FORGOTTEN = 4, LARGEST_WRITE = 64 };

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
    power->operations++;
    if (size > LARGEST_WRITE && power->cut_at == 0 && power->erases < 32) {
        power->erase_at[power->erases++] = power->operations;
    }
    if (power->operations != power->cut_at) {
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
    flash_rest();
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
    flash_rest();
    if (forgets(step)) { /* step 0 too: nothing was stored yet */
        return status == FLASH_LOG_EMPTY;
    }
    uint8_t loaded[LENGTH];
    memcpy(loaded, parameters, LENGTH);
    fill(step);
    return status == FLASH_LOG_OK && memcmp(loaded, parameters, LENGTH) == 0;
}

static void run_to(uint32_t last)
{
    for (uint32_t step = power->done + 1u; step <= last; step++) {
        step_on(step);
    }
}

static void prepare(void)
{
    run_to(PREPARED);
}

static void run_all(void)
{
    run_to(STEPS);
}

#ifdef FAULTS
static void meet_fault(void)
{
    fill(PREPARED + 1u);
    const enum flash_log_status status = flash_log_save(MODEL, parts, 2);
    flash_rest();
    if (status != FLASH_LOG_FAILED) {
        failed("a save to such a flash ends with %d", status);
    }
}
#endif

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
    power->attempted = power->done = PREPARED;
    flash_new();
}

static bool is_cut(uint32_t at, const struct power *dry)
{
    for (uint32_t i = 0; i < dry->erases; i++) {
        if (dry->erase_at[i] == at) {
            return true;
        }
    }
    return at % STRIDE == 0;
}

#ifdef FAULTS
static void test_faults(void)
{
    for (int fault = REFUSES; fault <= HANGS; fault++) {
        start_anew(1, NOTHING);
        power->fault = (enum fault)fault;
        boot(meet_fault, 0);
        power->fault = NONE;
        boot(recover_and_run, 0);
    }
}
#endif

#ifdef TELLS
/* Not only the log, which reads back what it wrote, notices. */
static void meet_refusal(void)
{
    static const uint32_t words[PORT_FLASH_UNIT_MAX / 4u];
    const uint32_t unit = port_flash_write_unit();
    if (port_flash_erase(0) || port_flash_write(0, (const uint8_t *)words, unit)) {
        failed("the driver does not tell that the flash refuses");
    }
    flash_rest();
}

static void test_what_is_told(void)
{
    start_anew(1, NOTHING);
    power->fault = REFUSES;
    boot(meet_refusal, 0);
    start_anew(1, NOTHING);
    flash_tear();
    power->attempted = power->done = PREPARED - 1u;
    boot(recover_and_run, 0);
}
#endif

int main(void)
{
    power = shared(sizeof *power);
    flash_new();
    boot(prepare, 0);
    flash_keep();
    start_anew(1, NOTHING);
    boot(run_all, 0);
    const struct power dry = *power;
    uint32_t cuts = 0;
    for (uint32_t at = 1; at <= dry.operations; at++) {
        for (int cut = 0; cut < CUTS && is_cut(at, &dry); cut++) {
            start_anew(at, (enum cut)cut);
            cuts += boot(run_all, at) == CUT_OFF;
            boot(recover, 0);
            cuts += boot(recover_and_run, 1u + at * 7u % 23u) == CUT_OFF; /* a second cut */
            boot(recover_and_run, 0);
        }
    }
#ifdef FAULTS
    test_faults();
#endif
#ifdef TELLS
    test_what_is_told();
#endif
    printf("%u operations, %u erases, %u cuts\n", dry.operations, dry.erases, cuts);
    return 0;
}
