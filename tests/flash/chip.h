/* A chip's flash and its controller on this computer, for the driver's own source: build.py puts these
 * functions in place of its registers, and of its accesses to the flash. */
#ifndef TESTS_CHIP_H
#define TESTS_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What REG32 is here. What the driver writes reaches the model when it goes on. */
volatile uint32_t *chip_register(uint32_t address);

/* What the core reads from the flash, and stores to it. */
uint8_t chip_load(const volatile uint8_t *from);
void chip_store(const volatile uint32_t *to, uint32_t value);

/* A look at a register that the driver waits for; what was begun goes on. */
void chip_tick(void);

/* A register as the model sees it; 0 after power-on. */
uint32_t *chip_cell(uint32_t address);

/* What changes from here on is what the driver writes. */
void chip_settled(void);

/* Bytes of the flash as they are, by address. What the core reads may be older: chip_show() brings it
 * up to date, as a cache that forgets. */
uint8_t *chip_bytes(uint32_t address);
void chip_show(uint32_t address, size_t size);

/* The controller writes or erases. A cut in the middle leaves the units torn, where `tears`. */
void chip_program(uint32_t address, const void *data, size_t size, bool tears);
void chip_erase(uint32_t address, size_t size);

/* Units whose error correction fails. */
bool chip_torn(uint32_t address);

/* Of the model. START, SIZE: the flash that it has; UNIT: what is torn as one. */
extern const uint32_t chip_start, chip_size, chip_unit;
void model_reset(void);
void model_written(uint32_t address, uint32_t value, uint32_t before);
void model_store(uint32_t address, uint32_t value); /* to the flash; not called for registers */
void model_tick(void);
void model_torn_read(uint32_t address);
void model_rest(void); /* nothing may be going on */

/* In place of instructions. */
extern bool chip_faults_off;

#endif
