/* What was learnt, in flash: `learn save`, `load`, `forget`, and the load at start. */
#include "app.h"

#if TINYSSL_TRAINS

#include "engine.h"
#include "flash_log.h"

#define FNV_START UINT64_C(0xCBF29CE484222325)
#define FNV_PRIME UINT64_C(0x100000001B3)

static uint64_t add_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
    }
    return (hash ^ 0xFFu) * FNV_PRIME;
}

/* Tells the model and the choice of what learns from others (FNV-1a). */
static uint64_t model_number(void)
{
    uint64_t hash = add_text(FNV_START, engine_info.model_sha256);
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        if (engine_tensors.list[id].kind == TINYSSL_KIND_PARAMETER) {
            hash = add_text(hash, engine_tensors.list[id].name);
        }
    }
    return hash;
}

/* All parameters; returns how many. */
static uint32_t find_parts(struct flash_log_part parts[TINYSSL_TENSOR_COUNT])
{
    uint32_t count = 0;
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        if (engine_tensors.list[id].kind == TINYSSL_KIND_PARAMETER) {
            parts[count++] =
                (struct flash_log_part){engine_data(id), engine_tensors.list[id].bytes};
        }
    }
    return count;
}

/* The error for a status, or none. */
static bool tell_failure(struct app *app, enum flash_log_status status)
{
    static const char *const texts[] = {
        [FLASH_LOG_EMPTY] = ERROR_LEARN_EMPTY,         [FLASH_LOG_NO_FLASH] = ERROR_LEARN_NO_FLASH,
        [FLASH_LOG_TOO_LARGE] = ERROR_LEARN_TOO_LARGE, [FLASH_LOG_LENGTH] = ERROR_LEARN_EMPTY,
        [FLASH_LOG_FAILED] = ERROR_LEARN_FLASH,
    };
    if (status == FLASH_LOG_OK) {
        return false;
    }
    app_error(app, texts[status], TEXT_FIELDS(TEXT_NUMBER(flash_log_capacity())));
    return true;
}

void app_say_store(struct app *app)
{
    struct flash_log_info info;
    flash_log_info(model_number(), &info);
    app_say_sealed(app, SEALED_STORE, "%u,%u,%u,%u,%u",
                   TEXT_FIELDS(TEXT_NUMBER(info.length), TEXT_NUMBER(info.sequence),
                               TEXT_NUMBER(info.erases[0]), TEXT_NUMBER(info.erases[1]),
                               TEXT_NUMBER(info.left)));
}

void app_save_learnt(struct app *app)
{
    struct flash_log_part parts[TINYSSL_TENSOR_COUNT];
    const uint32_t count = find_parts(parts);
    if (!tell_failure(app, flash_log_save(model_number(), parts, count))) {
        app_say_store(app);
    }
}

/* Factory values where the copy was cut short. */
static enum flash_log_status load(struct app *app)
{
    struct flash_log_part parts[TINYSSL_TENSOR_COUNT];
    const uint32_t count = find_parts(parts);
    const enum flash_log_status status = flash_log_load(model_number(), parts, count);
    if (status == FLASH_LOG_FAILED) {
        app->engine_error = engine_init();
    }
    return status;
}

void app_load_learnt(struct app *app)
{
    if (!tell_failure(app, load(app))) {
        learning_guard_forget(app);
        app_say_store(app);
    }
}

void app_forget_learnt(struct app *app)
{
    if (!tell_failure(app, flash_log_forget(model_number()))) {
        app_say_store(app);
    }
}

void app_start_learnt(struct app *app)
{
    if (app->engine_error == NULL) {
        (void)load(app);
    }
}

#else

void app_start_learnt(struct app *app)
{
    (void)app;
}

#endif
