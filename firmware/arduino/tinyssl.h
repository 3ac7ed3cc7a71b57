/* tinyssl's firmware in a sketch: it answers the host on `Serial` (`tinyssl bench`, the MLPerf Tiny
 * runner) while the sketch does its own work.
 *
 *     void setup() { tinyssl_begin(); }
 *     void loop() { tinyssl_poll(); }
 *
 * To run the model from the sketch itself, include "tinyssl/engine.h": write to engine_input(0),
 * call engine_invoke(NULL, NULL), read engine_output(0). */
#ifndef TINYSSL_H
#define TINYSSL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Starts `Serial` and the engine, and sends the boot banner. */
void tinyssl_begin(void);

/* Answers what has come; returns at once where nothing has. An inference takes its time here. To be
 * called at least every hour, or microseconds are lost. */
void tinyssl_poll(void);

#ifdef __cplusplus
}
#endif
#endif
