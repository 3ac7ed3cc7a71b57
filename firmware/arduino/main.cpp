/* The sketch. Your own work goes into setup() and loop(); tinyssl answers the host beside it. */
#include <Arduino.h>

#include <tinyssl.h>

void setup()
{
    tinyssl_begin();
}

void loop()
{
    tinyssl_poll();
}
