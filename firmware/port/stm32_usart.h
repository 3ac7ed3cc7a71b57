/* The USART and LPUART of the newer STM32 families (ISR and ICR in place of SR, a FIFO): what the ports
 * of STM32H7 and STM32L4+ share. It implements port_write().
 *
 * RM0433 48.7 and 49.7, RM0432 51.8 and 52.7: the registers that are used here are the same. */
#ifndef TINYSSL_STM32_USART_H
#define TINYSSL_STM32_USART_H

#include <stdint.h>

struct stm32_usart {
    volatile uint32_t cr1;
    volatile uint32_t cr2;
    volatile uint32_t cr3;
    volatile uint32_t brr;
    volatile uint32_t gtpr;
    volatile uint32_t rtor;
    volatile uint32_t rqr;
    volatile uint32_t isr;
    volatile uint32_t icr;
    volatile uint32_t rdr;
    volatile uint32_t tdr;
};

/* The port says where it is. */
extern struct stm32_usart *const stm32_usart;

/* 8N1 with the receive interrupt, which the port enables in the NVIC. */
void stm32_usart_start(uint32_t divider);

/* To be called from that interrupt. */
void stm32_usart_receive(void);

#endif
