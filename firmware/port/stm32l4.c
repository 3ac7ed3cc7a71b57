/* STM32L4R5 on the Nucleo-144 board: 120 MHz, flash caches on, LPUART1 to the ST-Link.
 *
 * RM0432 rev 9 (registers, clock tree, voltage ranges), DS12023 rev 5 (limits), UM2179 rev 9 (board:
 * LPUART1 on PG7 and PG8 is the ST-Link's serial port, a 32.768 kHz crystal is fitted, OSC_IN is not
 * connected as delivered). So the clock is the internal oscillator MSI at 4 MHz, which the crystal keeps
 * right (RM0432 6.2.3), times 60, by 2. Without the crystal it is the HSI of 16 MHz, by 4. No ready bit is
 * waited for without an end: what does not come up is reported, and the chip runs from what did. */
#include "stm32l4.h"

#include <stdbool.h>

#include "port.h"
#include "stm32.h"
#include "stm32_usart.h"
#include "tinyssl_build.h"

enum { MSI_HZ = 4000000, LSE_HZ = 32768, CORE_HZ = 120000000 };
enum { READY_POLLS = 100000 }; /* at 4 MHz at least 100 ms; the voltage takes 40 us, the HSI 4 us */
enum { LSE_POLLS = 2000000 };  /* at least 2 s, as the crystal typically takes (DS12023) */
enum { TIMING_PIN = 1u << 15 }; /* PD15, D9 of the Arduino header */

struct stm32_usart *const stm32_usart = (struct stm32_usart *)LPUART1_ADDRESS;
struct stm32_iwdg *const stm32_iwdg = (struct stm32_iwdg *)IWDG_ADDRESS;

uint32_t stm32_core_hz = MSI_HZ;
uint32_t stm32_uart_hz = MSI_HZ;

static bool crystal;

static bool becomes(volatile const uint32_t *reg, uint32_t mask, uint32_t value)
{
    return wait_for_bits(reg, mask, value, READY_POLLS);
}

/* The crystal keeps running through every reset but power-on. */
static bool start_crystal(void)
{
    RCC_APB1ENR1 |= APB1ENR1_PWR;
    (void)RCC_APB1ENR1;
    FLASH_ACR = ACR_CACHES;
    PWR_CR1 |= CR1_DBP;
    RCC_BDCR |= BDCR_LSEON;
    crystal = wait_for_bits(&RCC_BDCR, BDCR_LSERDY, BDCR_LSERDY, LSE_POLLS);
    return true;
}

static bool start_pll(void)
{
    if (crystal) {
        RCC_CR |= CR_MSIPLLEN;
    } else {
        RCC_CR |= CR_HSION;
        if (!becomes(&RCC_CR, CR_HSIRDY, CR_HSIRDY)) {
            return false;
        }
    }
    const uint32_t divider = crystal ? 1u : 4u;
    RCC_PLLCFGR = (crystal ? PLLCFGR_MSI : PLLCFGR_HSI) | ((divider - 1u) << PLLCFGR_PLLM_SHIFT) |
                  ((2u * CORE_HZ / MSI_HZ) << PLLCFGR_PLLN_SHIFT) | PLLCFGR_PLLREN;
    RCC_CR |= CR_PLLON;
    return becomes(&RCC_CR, CR_PLLRDY, CR_PLLRDY);
}

/* RM0432 5.1.8: range 1 with boost, and not above half of the speed for the first microsecond. */
static bool run_from_pll(void)
{
    PWR_CR5 &= ~CR5_R1MODE;
    FLASH_ACR = ACR_CACHES | ACR_120MHZ;
    if (!becomes(&PWR_SR2, SR2_VOSF, 0) || !becomes(&FLASH_ACR, ACR_WAIT, ACR_120MHZ)) {
        return false;
    }
    RCC_CFGR = CFGR_HPRE_2 | CFGR_SW_PLL;
    if (!becomes(&RCC_CFGR, CFGR_SWS, CFGR_SWS_PLL)) {
        RCC_CFGR = 0; /* back to what a reset leaves: all buses at 4 MHz */
        return false;
    }
    for (volatile int wait = 0; wait < 100; wait++) { /* at 60 MHz more than 1 us */
    }
    RCC_CFGR = CFGR_SW_PLL;
    return true;
}

/* The core's clock in Hz by the crystal: TIM16 counts it, 29,280 ticks in 8 edges. 0 where none comes. */
static uint32_t measure_core(void)
{
    RCC_APB2ENR |= APB2ENR_TIM16;
    (void)RCC_APB2ENR; /* the clock runs two cycles after the write: read back */
    TIM16_OR1 = OR1_LSE;
    const uint64_t cycles = stm32_measure((struct stm32_timer *)TIM16_ADDRESS, READY_POLLS);
    return (uint32_t)(cycles * LSE_HZ / STM32_CAPTURED_EDGES);
}

static const struct stm32_step clocks[] = {
    {start_crystal, NULL},
    {start_pll, "PLL not locked, running at 4 MHz"},
    {run_from_pll, "switch to the PLL refused, running at 4 MHz"},
    {NULL, NULL},
};

static const char *measured_clock(void)
{
    if (!crystal) {
        return "no 32.768 kHz crystal, PLL from the internal oscillator (1 % accuracy)";
    }
    const uint32_t measured = measure_core();
    if (measured == 0) {
        return "no edge of the 32.768 kHz crystal: the core's 120 MHz are not measured";
    }
    const uint32_t off = measured > CORE_HZ ? measured - CORE_HZ : CORE_HZ - measured;
    stm32_core_hz = measured; /* the crystal holds the MSI at 122 times its own: 119.93 MHz */
    return off > CORE_HZ / 200u ? "the core's clock is more than 0.5 % off 120 MHz: as measured"
                                : NULL;
}

static const char *clocks_done(void)
{
    stm32_core_hz = CORE_HZ;
    const char *problem = measured_clock();
    stm32_uart_hz = stm32_core_hz; /* PCLK1 */
    return problem;
}

/* PG7 and PG8: LPUART1 (AF8), on pads that VddIO2 supplies: it is cut off after a reset (RM0432 5.1.4).
 * PD15: the energy mode's timing pin. */
static void start_pins(void)
{
    PWR_CR2 |= CR2_IOSV;
    RCC_AHB2ENR |= AHB2ENR_GPIOD | AHB2ENR_GPIOG;
    (void)RCC_AHB2ENR;
    GPIOD_BSRR = TIMING_PIN;
    GPIOD_MODER = (GPIOD_MODER & ~0xC0000000u) | 0x40000000u;
    GPIOG_AFRL = (GPIOG_AFRL & ~0xF0000000u) | 0x80000000u;
    GPIOG_AFRH = (GPIOG_AFRH & ~0xFu) | 0x8u;
    GPIOG_MODER = (GPIOG_MODER & ~0x0003C000u) | 0x00028000u;
}

/* RM0432 52.4.7: the divider counts 256ths of the clock, which is PCLK1, the core's. */
static void start_uart(void)
{
    RCC_APB1ENR2 |= APB1ENR2_LPUART1;
    (void)RCC_APB1ENR2;
    stm32_usart_start((uint32_t)((256ull * stm32_uart_hz + TINYSSL_BAUD / 2u) / TINYSSL_BAUD));
}

/* RM0432 6.4.31. Power-on is a brown-out to this chip. */
static const struct stm32_reset causes[] = {
    {CSR_IWDGRSTF | CSR_WWDGRSTF, "watchdog"},
    {CSR_LPWRRSTF, "low-power"},
    {CSR_SFTRSTF, "software"},
    {CSR_BORRSTF, "power-on"},
    {CSR_OBLRSTF, "external"},
    {CSR_PINRSTF, "pin"},
    {0, NULL},
};

const struct stm32_chip stm32_chip = {
    .reset_register = &RCC_CSR,
    .reset_clear = CSR_RMVF,
    .causes = causes,
    .clocks = clocks,
    .clocks_done = clocks_done,
    .start_pins = start_pins,
    .start_uart = start_uart,
    .receive = stm32_usart_receive,
    .uart_interrupt = IRQ_LPUART1,
    .timing_port = &GPIOD_BSRR,
    .timing_pin = TIMING_PIN,
};
