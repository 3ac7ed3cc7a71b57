/* Words and limits of the serial protocol. Rendered from codegen/protocol.toml by
 * `python tools/protocol_header.py`: change it there. */
#ifndef TINYSSL_PROTOCOL_WORDS_H
#define TINYSSL_PROTOCOL_WORDS_H

#define PROTOCOL_VERSION 4

#define PROTOCOL_LINE_BYTES 128u
#define PROTOCOL_ECHO_BYTES 24u
#define PROTOCOL_PRINT_BYTES 8u
#define PROTOCOL_FRAME_GAP_MS 1000u
#define PROTOCOL_ITERATIONS 1u
#define PROTOCOL_WARMUPS 10u
#define PROTOCOL_INFER_SECONDS 60u
#define PROTOCOL_WATCHDOG_MS 2000u

#define REPLY_READY "m-ready"
#define REPLY_MODE_PERFORMANCE "m-timestamp-mode-performance"
#define REPLY_MODE_ENERGY "m-timestamp-mode-energy"
#define REPLY_INIT_DONE "m-init-done"
#define REPLY_LAP "m-lap-us-%u"
#define REPLY_NAME "m-name-dut-[%s]"
#define REPLY_PROFILE "m-profile-[tinyssl %s]"
#define REPLY_MODEL "m-model-[%s]"
#define REPLY_EXPECTING "m-[Expecting %u bytes]"
#define REPLY_LOAD_DONE "m-load-done"
#define REPLY_BUFFER "m-buffer"
#define REPLY_WARMUP_START "m-warmup-start-%u"
#define REPLY_WARMUP_DONE "m-warmup-done"
#define REPLY_INFER_START "m-infer-start-%u"
#define REPLY_INFER_DONE "m-infer-done"
#define REPLY_RESULTS "m-results-["
#define REPLY_HELP "m-help-[%s: %s]"
#define REPLY_SEALED_OPEN "m-tinyssl-%s-["
#define REPLY_SEALED_CLOSE "]"
#define REPLY_SEAL "-%x"

#define ERROR_UNKNOWN_COMMAND "Unknown command: %s"
#define ERROR_TOO_LONG "Command is longer than %u characters"
#define ERROR_DB_SUBCOMMAND "Command 'db' requires a subcommand"
#define ERROR_DB_LOAD_BYTES "Command 'db load' requires the # of bytes"
#define ERROR_DB_LOAD_ZERO "Command 'db load' must be >0 bytes"
#define ERROR_DB_LOAD_SIZE "Command 'db load' takes 1 to %u bytes"
#define ERROR_DB_HEX_COUNT "Insufficent number of hex digits"
#define ERROR_DB_HEX_DIGIT "Invalid hex digit '%s'"
#define ERROR_DB_NOT_STARTED "Command 'db' needs 'db load' first"
#define ERROR_DB_FULL "All %u bytes are loaded; 'db load' starts again"
#define ERROR_ITERATIONS "Inference iterations must be >0"
#define ERROR_WARMUPS "Inference warmups must be >=0"
#define ERROR_INFER_TIME "Stopped after %u of %u inferences: an 'infer' may take %u s"
#define ERROR_NO_RESULTS "No inference has run yet"
#define ERROR_INPUT_SHORT "Input has %u of %u bytes"
#define ERROR_TENSOR_SHORT "Tensor %u has %u of %u bytes"
#define ERROR_TENSOR_UNKNOWN "There is no tensor '%s'"
#define ERROR_TENSOR_RANGE "Tensor %u has %u bytes"
#define ERROR_SET_ARGUMENTS "Command 'set' takes tensor, offset, number of bytes and their CRC-32 (8 hex digits)"
#define ERROR_GET_ARGUMENTS "Command 'get' takes a tensor, or tensor, offset and number of bytes"
#define ERROR_STATE_ARGUMENTS "Command 'state' takes the word reset"
#define ERROR_FRAME_ARGUMENTS "Command '%s' takes the number of bytes and their CRC-32 (8 hex digits)"
#define ERROR_FRAME_SIZE "Frame has %u bytes; the input has %u"
#define ERROR_FRAME_TENSOR "Frame for a tensor that is not there, or that an inference writes"
#define ERROR_FRAME_RANGE "Frame has %u bytes at offset %u; the tensor has %u"
#define ERROR_FRAME_CUT "Frame ended after %u of %u bytes"
#define ERROR_FRAME_CRC "Frame CRC is %x, not %x"
#define ERROR_FRAME_ROOM "Frame has %u bytes; this device takes %u at once"
#define ERROR_FRAME_LEARNING "Frame of samples for firmware that does not learn: nothing was built with --train"
#define ERROR_FRAME_KEEP "Frame of samples that have no place: this firmware keeps %u, one behind the other"
#define ERROR_FRAME_SAMPLES "Frame has %u bytes; %u samples have %u"
#define ERROR_FRAME_ELEMENTS "Frame has %u bytes at offset %u; an element has %u"
#define ERROR_NOT_FINITE "A value for tensor %u is no finite number"
#define ERROR_ENGINE "Engine: %s"
#define ERROR_ENGINE_RUN "Engine error %u"
#define ERROR_LEARN_NOTHING "This firmware does not learn: nothing was built with --train"
#define ERROR_LEARN_ARGUMENTS "Command 'learn' takes the number of the step, 1 or more, or batch, eval, keep, check, statistics, reset, save, load, forget"
#define ERROR_LEARN_SAMPLES "Command 'learn %s' takes %snumber of samples, of bytes and their CRC-32 (8 hex digits)"
#define ERROR_LEARN_EMPTY "Nothing that this model learnt is in flash"
#define ERROR_LEARN_NO_FLASH "This board has no flash for what is learnt"
#define ERROR_LEARN_TOO_LARGE "The parameters do not fit: the flash for them takes %u bytes"
#define ERROR_LEARN_FLASH "The flash reports errors, or gives back other bytes than were written"
#define ERROR_WATCHDOG "Command 'watchdog' takes %u or more milliseconds"
#define ERROR_WATCHDOG_NONE "This board has no watchdog that waits %u ms"

/* Keys of the sealed lines. */
#define SEALED_PROTOCOL "protocol" /* version */
#define SEALED_BOARD "board" /* board id */
#define SEALED_ENGINE "engine" /* aot or tflm */
#define SEALED_MODEL "model" /* model name */
#define SEALED_SHA256 "sha256" /* SHA-256 of the .tflite, 64 hex digits */
#define SEALED_BUILD "build" /* build id */
#define SEALED_INPUT "input" /* of input 0: bytes, uint8 or its element type, kept or used: serves many inferences, or one */
#define SEALED_OUTPUT "output" /* of output 0: bytes, zero point, scale in thousandths times 2^16 */
#define SEALED_TENSORS "tensors" /* how many inputs, outputs, and named tensors in all */
#define SEALED_FRAME "frame" /* most bytes of parameters, states or samples in one frame */
#define SEALED_OPS "ops" /* operators */
#define SEALED_FLASH "flash" /* bytes of flash used; 0: unknown */
#define SEALED_RAM "ram" /* bytes of RAM used, stack included; 0: unknown */
#define SEALED_ARENA "arena" /* bytes */
#define SEALED_CLOCK "clock" /* Hz of the core */
#define SEALED_TICK "tick" /* unit, ticks in a second */
#define SEALED_WARNING "warning" /* what did not come up at start; empty: nothing */
#define SEALED_RESET "reset" /* why the board started last */
#define SEALED_RUN "run" /* ticks, output in hex */
#define SEALED_OP "op" /* index, ticks, name */
#define SEALED_TENSOR "tensor" /* id, kind, type, shape, bits of the scale in hex (0: not quantised), zero point, name */
#define SEALED_DATA "data" /* id, offset, bytes in hex */
#define SEALED_STATE "state" /* reset */
#define SEALED_LEARN "learn" /* number, ticks of the inference, of the training step, 1 if something was learnt, guard: none, best or back, 1 if it shows a drift */
#define SEALED_BATCH "batch" /* number, samples, those that taught, those answered right before, bits of the mean loss, ticks of the inferences, of the training steps, guard, drifts */
#define SEALED_EVAL "eval" /* samples, those with a loss, those answered right, bits of the mean loss, ticks of the inferences */
#define SEALED_STATISTICS "statistics" /* samples, steps taken, samples rejected, answers judged, right before their step, bits of the mean loss, of the last loss */
#define SEALED_VALIDATION "validation" /* samples kept, room for so many, checks, roll-backs, bits of the best score, of the last one, guard */
#define SEALED_DRIFT "drift" /* page-hinkley or off, drifts found, number of the sample that showed the last, bits of the test's sum */
#define SEALED_FIRST "first" /* reset */
#define SEALED_STORE "store" /* bytes of what is stored of this model, number of the save, erases of both slots, saves before the next erase */
#define SEALED_TOTAL "total" /* ticks of the whole profiled inference */
#define SEALED_MEMORY "memory" /* arena used, arena size, stack used, stack size; 0: unknown */
#define SEALED_WATCHDOG "watchdog" /* milliseconds that it waits */

/* X(key, usage, help) for every command. */
#define PROTOCOL_COMMANDS(X) \
    X(name, "name", "who is there") \
    X(profile, "profile", "firmware and model") \
    X(timestamp, "timestamp", "time in microseconds") \
    X(db, "db load N | HEX | print", "the input, as hex digits") \
    X(infer, "infer [N [W]]", "N timed inferences after W untimed ones") \
    X(results, "results", "the last result") \
    X(help, "help", "this list") \
    X(tinyssl, "tinyssl", "identity: versions, sizes, hashes") \
    X(bin, "bin N CRC", "then N raw bytes: the input") \
    X(run, "run [N CRC]", "then N raw bytes, if given; one inference, its ticks and output") \
    X(tensors, "tensors", "named tensors: types, shapes, quantisation") \
    X(set, "set TENSOR OFFSET N CRC", "then N raw bytes: of an input, parameter or state") \
    X(get, "get TENSOR [OFFSET N]", "bytes of a named tensor") \
    X(state, "state reset", "first values for all that outlives an inference") \
    X(learn, "learn STEP | batch STEP COUNT N CRC | eval COUNT N CRC | keep AT COUNT N CRC | check | statistics | reset | save | load | forget", "training steps; samples that judge; first values; flash") \
    X(prof, "prof", "ticks of every operator") \
    X(mem, "mem", "arena and stack used") \
    X(watchdog, "watchdog MS", "restart after so many milliseconds of hanging") \
    X(reset, "reset", "restart")

#endif
