/* A power supply that ends at a chosen operation of a flash, and a program that goes on over it. */
#ifndef TESTS_POWER_H
#define TESTS_POWER_H

#include <stddef.h>
#include <stdint.h>

/* What of the operation is done when the power ends. BITS: of those to be changed, a random half. */
enum cut { NOTHING, HALF, BITS, ALL, CUTS };

/* What is wrong with the flash: it does not change, it never ends. */
enum fault { NONE, REFUSES, HANGS };

/* Shared by the processes of a test. */
struct power {
    uint32_t operations; /* so far */
    uint32_t cut_at;     /* number of the one that is cut off; 0: none */
    enum cut cut;
    enum fault fault;
    uint32_t random;
    uint32_t attempted; /* last step that was begun */
    uint32_t done;      /* last step that was reported as done */
    uint32_t erases;    /* so far */
    uint32_t erase_at[32]; /* numbers of these operations */
};

extern struct power *power;

/* Memory that the processes share. */
void *shared(size_t size);

/* The flash does an operation: `bytes` become `wanted`. Ends the process where the power ends; then
 * `last`, if it is not NULL, is called before. */
void operate(uint8_t *bytes, const uint8_t *wanted, size_t size, void (*last)(enum cut cut));

/* Says what is wrong and ends the process. */
void failed(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Of the flash: what it holds when it comes from the factory, and what a reset does. */
void flash_new(void);
void flash_power_on(void);

/* What it holds now is what flash_new() makes from here on. */
void flash_keep(void);

/* What was written last reads as it should, but its error correction fails. */
void flash_tear(void);

/* Fails where the driver has left anything unfinished. */
void flash_rest(void);

#endif
