/* Registers of the ESP32-C3, as far as they are used: ESP32-C3 Technical Reference Manual v1.3 (TRM).
 * Addresses: TRM chapter 3, table of the peripherals' address mapping, and the register summary of each
 * chapter. Registers and fields agree with Espressif's esp32c3.svd (2024-02), keys, actions of the watchdogs
 * and causes of a reset with ESP-IDF's headers for the chip (rwdt_ll.h, reset_reasons.h). */
#ifndef TINYSSL_ESP32C3_H
#define TINYSSL_ESP32C3_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* UART0: TRM chapter 26, UART controller */
#define UART_FIFO REG32(0x60000000u)
#define UART_INT_ENA REG32(0x6000000Cu)
#define UART_INT_CLR REG32(0x60000010u)
#define UART_CLKDIV REG32(0x60000014u) /* 0: whole part, 20: 16ths */
#define UART_STATUS REG32(0x6000001Cu) /* 0: bytes received, 16: bytes to send */
#define UART_CONF0 REG32(0x60000020u)
#define UART_CONF1 REG32(0x60000024u)      /* 0: threshold of RXFIFO_FULL, 21: time-out on */
#define UART_MEM_CONF REG32(0x60000060u)   /* 16: time-out of the receiver in bit times */
#define UART_FSM_STATUS REG32(0x6000006Cu) /* 4: state of the sender, 0: idle */
#define UART_CLK_CONF REG32(0x60000078u)
#define UART_ID REG32(0x60000080u)
#define UART_RXFIFO_FULL (1u << 0)
#define UART_RXFIFO_OVF (1u << 4)
#define UART_RXFIFO_TOUT (1u << 8)
#define UART_8N1 (3u << 2 | 1u << 4 | 1u << 28) /* 8 bits, 1 stop bit, memory clock on */
#define UART_RXFIFO_RST (1u << 17)
#define UART_TXFIFO_RST (1u << 18)
#define UART_RX_TOUT_EN (1u << 21)
#define UART_RX_TOUT_SHIFT 16
#define UART_SCLK_XTAL                                                                             \
    (3u << 20 | 1u << 22 | 1u << 24 | 1u << 25) /* not divided, on for both ways */
#define UART_REG_UPDATE (1u << 31)

/* GPIO and IO MUX: TRM chapter 5, tables of the pins' functions and of the peripherals' signals */
#define GPIO_OUT_SET REG32(0x60004008u)
#define GPIO_OUT_CLEAR REG32(0x6000400Cu)
#define GPIO_ENABLE_SET REG32(0x60004024u)
#define GPIO_10_SIGNAL REG32(0x6000457Cu)
#define GPIO_SIGNAL_OUT 128u /* what GPIO_OUT says */
#define IO_MUX_GPIO10 REG32(0x6000902Cu)
#define IO_MUX_FUNCTION_1 (1u << 12) /* GPIO */
#define IO_MUX_GPIO20 REG32(0x60009054u)
#define IO_MUX_GPIO21 REG32(0x60009058u)
#define IO_MUX_FUNCTION_0 0u
#define IO_MUX_INPUT (1u << 9 | 1u << 8) /* with pull-up */
#define IO_MUX_DRIVE (2u << 10)

/* Low-power management: TRM chapter 9; the causes of a reset: chapter 6, table of the reset sources */
#define RTC_OPTIONS0 REG32(0x60008000u)
#define RTC_RESET_STATE REG32(0x60008038u) /* 0: cause, 6 bits */
#define RTC_STORE0 REG32(0x60008050u)      /* outlives every reset but those of the whole chip */
#define RTC_WDTCONFIG0 REG32(0x60008090u)
#define RTC_WDTCONFIG1                                                                             \
    REG32(0x60008094u) /* first stage: cycles of the slow clock by 2 (eFuse: by 16) */
#define RTC_WDTFEED REG32(0x600080A4u)
#define RTC_WDTWPROTECT REG32(0x600080A8u)
#define RTC_SWD_CONF REG32(0x600080ACu)
#define RTC_SWD_WPROTECT REG32(0x600080B0u)
#define RTC_PLL_POWER_DOWN (1u << 6 | 1u << 8 | 1u << 10)
#define RTC_SYSTEM_RESET (1u << 31)
#define RTC_RESET_CAUSE 0x3Fu
#define RTC_WDT_CORE_RESET (3u << 28 | 7u << 13 | 1u << 31) /* first stage, 3.2 us, enabled */
#define RTC_WDT_FEED (1u << 31)
#define RTC_SWD_DISABLE (1u << 30)
#define RTC_WDT_KEY 0x50D83AA1u
#define RTC_SWD_KEY 0x8F1D312Au

/* Timer groups, whose watchdogs alone are used: TRM chapter 11 and 12 */
#define TIMG_WDTCONFIG0(group) REG32(0x6001F048u + 0x1000u * (group))
#define TIMG_WDTCONFIG1(group) REG32(0x6001F04Cu + 0x1000u * (group)) /* 16: divider */
#define TIMG_WDTCONFIG2(group) REG32(0x6001F050u + 0x1000u * (group)) /* first stage, ticks */
#define TIMG_WDTFEED(group) REG32(0x6001F060u + 0x1000u * (group))
#define TIMG_WDTWPROTECT(group) REG32(0x6001F064u + 0x1000u * (group))
#define TIMG_WDT_KEY 0x50D83AA1u
#define TIMG_WDT_CORE_RESET (3u << 29 | 7u << 15 | 1u << 21 | 1u << 31) /* counts the crystal */
#define TIMG_WDT_UPDATE (1u << 22)

/* System timer: TRM chapter 10; it counts the crystal of 40 MHz, divided by 2.5 */
#define SYSTIMER_UNIT0_OP REG32(0x60023004u)
#define SYSTIMER_UNIT0_HIGH REG32(0x60023040u)
#define SYSTIMER_UNIT0_LOW REG32(0x60023044u)
#define SYSTIMER_UPDATE (1u << 30)
#define SYSTIMER_VALID (1u << 29)

/* System registers: TRM chapter 16; the clocks: chapter 6, tables of the CPU's clock */
#define SYSTEM_CPU_PER_CONF REG32(0x600C0008u)
#define SYSTEM_SYSCLK_CONF REG32(0x600C0058u)
#define CPU_160_MHZ_OF_480 (1u << 0 | 1u << 2)
#define CPU_PERIOD 7u
#define CPU_WAIT_FORCE_ON (1u << 3)
#define SYSCLK_DIVIDER 0x3FFu
#define SYSCLK_SOURCE (3u << 10)
#define SYSCLK_PLL (1u << 10)

/* Interrupt matrix: TRM chapter 8; its controller in the core: chapter 1 */
#define INTERRUPT_UART0_MAP REG32(0x600C2054u)
#define INTERRUPT_ENABLE REG32(0x600C2104u)
#define INTERRUPT_TYPE REG32(0x600C2108u)
#define INTERRUPT_PRIORITY(number) REG32(0x600C2114u + 4u * (number))
#define INTERRUPT_THRESHOLD REG32(0x600C2194u)

/* Performance counter: TRM chapter 1, registers of the core: mpcer, mpcmr, mpccr */
#define CSR_COUNTER_EVENT "0x7E0"
#define CSR_COUNTER_MODE "0x7E1"
#define CSR_COUNTER_VALUE "0x7E2"
#define COUNTER_EVENT_CYCLES 1u
#define COUNTER_MODE_RUN 1u

#endif
