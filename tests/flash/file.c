/* The host's flash, a file, for power.c: pwrite() is wrapped, so what is tested is flash_host.c. */
#define _GNU_SOURCE

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "power.h"

#define PATH "TINYSSL_HOST_FLASH"

ssize_t __real_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset);

static int written;
static off_t place;
static size_t extent;
static uint8_t *image;

static void store(enum cut cut)
{
    (void)cut;
    if (__real_pwrite(written, image, extent, place) != (ssize_t)extent) {
        abort();
    }
}

ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset)
{
    image = calloc(1, size);
    written = file;
    place = offset;
    extent = size;
    if (image == NULL || pread(file, image, size, offset) < 0) {
        abort();
    }
    operate(image, data, size, store);
    store(NOTHING);
    free(image);
    return (ssize_t)size;
}

void flash_new(void)
{
    unlink(getenv(PATH));
}

void flash_power_on(void)
{
}

void flash_keep(void)
{
}

void flash_rest(void)
{
}

void port_watchdog_feed(void);
void port_watchdog_feed(void)
{
}
