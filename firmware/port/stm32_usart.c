#include "stm32_usart.h"

#include "bounded_wait.h"
#include "polled_read.h"
#include "port.h"

enum { UE = 1 << 0, RE = 1 << 2, TE = 1 << 3, RXNEIE = 1 << 5, FIFOEN = 1 << 29 };
enum { RXNE = 1 << 5, TC = 1 << 6, TXNF = 1 << 7 };
enum { ERRORS = 0xF }; /* parity, framing, noise, overrun */

void stm32_usart_start(uint32_t divider)
{
    stm32_usart->brr = divider;
    stm32_usart->cr1 = FIFOEN | RE | TE | RXNEIE | UE;
}

void stm32_usart_receive(void)
{
    while (stm32_usart->isr & RXNE) {
        polled_read_put((uint8_t)stm32_usart->rdr);
    }
    stm32_usart->icr = ERRORS;
}

bool port_write(const uint8_t *data, size_t size)
{
    if (!(stm32_usart->cr1 & UE)) { /* a fault before port_init() has nobody to tell */
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!wait_for_bits(&stm32_usart->isr, TXNF, TXNF, LINE_POLLS)) {
            return false;
        }
        stm32_usart->tdr = data[i];
    }
    return data || wait_for_bits(&stm32_usart->isr, TC, TC, LINE_POLLS);
}
