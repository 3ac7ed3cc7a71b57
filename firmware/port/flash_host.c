/* A file of this computer as flash: the environment variable TINYSSL_HOST_FLASH names it. Without the
 * variable, or where the file cannot be opened, there is no flash. A file that does not exist yet, or is
 * too short, is one that was never erased: it reads as zeros. A write clears bits alone, and a
 * unit that is not erased is refused, as on a chip. */
#define _GNU_SOURCE

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flash_geometry.h"
#include "port_flash.h"
#include "tinyssl_build.h"

#define PATH "TINYSSL_HOST_FLASH"

enum { MISSING = -1, NOT_OPENED = -2, AT_ONCE = 4096 };

static int file = NOT_OPENED;

bool flash_present(void)
{
    if (file == NOT_OPENED) {
        const char *path = getenv(PATH);
        file = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : MISSING;
    }
    return file >= 0;
}

bool port_flash_erase(uint32_t sector)
{
    uint8_t blank[AT_ONCE];
    uint32_t offset = flash_sector_start(sector);
    const uint32_t end = offset + port_flash_sector_bytes(sector);
    memset(blank, 0xFF, sizeof blank);
    while (flash_present() && offset < end) {
        const uint32_t part = end - offset < AT_ONCE ? end - offset : AT_ONCE;
        if (pwrite(file, blank, part, (off_t)offset) != (ssize_t)part) {
            break;
        }
        offset += part;
    }
    return offset == end;
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    const uint32_t unit = TINYSSL_STORE_WRITE_UNIT;
    uint8_t there[TINYSSL_STORE_WRITE_UNIT];
    if (!flash_present() || offset % unit != 0 || size % unit != 0) {
        return false;
    }
    for (uint32_t done = 0; done < size; done += unit) {
        if (!port_flash_read(offset + done, there, unit)) {
            return false;
        }
        for (uint32_t i = 0; i < unit; i++) {
            if (there[i] != 0xFFu) {
                return false;
            }
        }
        if (pwrite(file, data + done, unit, (off_t)(offset + done)) != (ssize_t)unit) {
            return false;
        }
    }
    return true;
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    if (!flash_present()) {
        return false;
    }
    const ssize_t got = pread(file, data, size, (off_t)offset);
    if (got < 0) {
        return false;
    }
    memset(data + got, 0, size - (size_t)got); /* behind the file's end */
    return true;
}
