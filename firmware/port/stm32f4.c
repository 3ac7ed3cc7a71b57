/* STM32F446 on the Nucleo-64 board: 180 MHz, flash caches on, USART2 to the ST-Link.
 *
 * RM0390 rev 6 (registers, clock tree, overdrive), DS10693 rev 10 (limits), UM1724 (board: the ST-Link
 * feeds 8 MHz to OSC_IN; USART2 on PA2 and PA3 is its serial port). No ready bit is waited for without
 * an end: what does not come up is reported, and the chip runs from what did. */
#include "stm32f4.h"

#include <stdbool.h>

#include "polled_read.h"
#include "port.h"
#include "stm32.h"
#include "tinyssl_build.h"

enum { HSI_HZ = 16000000, HSE_HZ = 8000000, PLL_INPUT_HZ = 1000000, CORE_HZ = TINYSSL_CLOCK_HZ };
enum { READY_POLLS = 20000 };  /* at 16 MHz at least 6 ms; the slowest bit (HSE) takes 2 ms */
enum { RTC_DIVIDER = 8 };      /* of RTCPRE: 1 MHz to TIM11 */
enum { TIMING_PIN = 1u << 8 }; /* PA8, D7 of the Arduino header */
enum { FLASH_WAITS = (CORE_HZ - 1) / 30000000 }; /* table 5 of RM0390, 2.7 to 3.6 V */

struct stm32_iwdg *const stm32_iwdg = (struct stm32_iwdg *)IWDG_ADDRESS;

uint32_t stm32_core_hz = HSI_HZ;
uint32_t stm32_uart_hz = HSI_HZ;

static enum stm32_reference reference;

static bool becomes(volatile const uint32_t *reg, uint32_t mask, uint32_t value)
{
    return wait_for_bits(reg, mask, value, READY_POLLS);
}

/* HSE in Hz by the internal oscillator, while the core runs from that; 0 where nothing is captured. */
static uint32_t measure_hse(void)
{
    RCC_APB2ENR |= APB2ENR_TIM11;
    (void)RCC_APB2ENR;
    RCC_CFGR = (RCC_CFGR & ~CFGR_RTCPRE) | CFGR_RTCPRE_8;
    TIM11_OR = OR_HSE_RTC;
    const uint32_t ticks = stm32_measure((struct stm32_timer *)TIM11_ADDRESS, READY_POLLS);
    return ticks ? (uint32_t)((uint64_t)HSI_HZ * RTC_DIVIDER * STM32_CAPTURED_EDGES / ticks) : 0u;
}

static bool start_pll(void)
{
    const bool crystal = reference >= STM32_UNMEASURED;
    const uint32_t divider = (crystal ? HSE_HZ : HSI_HZ) / PLL_INPUT_HZ;
    const uint32_t multiplier = 2u * (CORE_HZ / PLL_INPUT_HZ); /* P = 2: its bits are 0 */
    RCC_PLLCFGR = (RCC_PLLCFGR & PLLCFGR_KEPT) | divider | (multiplier << 6) |
                  (crystal ? PLLCFGR_HSE : 0u) | (8u << PLLCFGR_Q_SHIFT);
    RCC_CR |= CR_PLLON;
    return becomes(&RCC_CR, CR_PLLRDY, CR_PLLRDY);
}

/* RM0390 5.1.4: above 168 MHz; the PLL runs, and is not the system's clock yet. */
static bool start_overdrive(void)
{
    if (CORE_HZ <= 168000000) {
        return true;
    }
    PWR_CR |= PWR_ODEN;
    if (!becomes(&PWR_CSR, PWR_ODRDY, PWR_ODRDY)) {
        return false;
    }
    PWR_CR |= PWR_ODSWEN;
    return becomes(&PWR_CSR, PWR_ODSWRDY, PWR_ODSWRDY);
}

static bool run_from_pll(void)
{
    FLASH_ACR = ACR_CACHES | FLASH_WAITS;
    if (!becomes(&FLASH_ACR, ACR_WAIT, FLASH_WAITS)) {
        return false;
    }
    RCC_CFGR = CFGR_APB1_4 | CFGR_APB2_2 | CFGR_PLL;
    if (becomes(&RCC_CFGR, CFGR_SWS, CFGR_SWS_PLL)) {
        return true;
    }
    RCC_CFGR = 0; /* back to what a reset leaves: all buses at 16 MHz */
    return false;
}

static bool start_power(void)
{
    FLASH_ACR = ACR_CACHES;
    RCC_APB1ENR |= APB1ENR_PWR;
    (void)RCC_APB1ENR; /* the clock runs two cycles after the write: read back */
    PWR_CR |= PWR_VOS_SCALE1;
    return true;
}

static bool find_reference(void)
{
    RCC_CR |= CR_HSEBYP;
    RCC_CR |= CR_HSEON;
    const bool runs = becomes(&RCC_CR, CR_HSERDY, CR_HSERDY);
    reference = stm32_judge(runs, runs ? measure_hse() : 0u, HSE_HZ);
    return true;
}

static const struct stm32_step clocks[] = {
    {start_power, NULL},
    {find_reference, NULL},
    {start_pll, "PLL not locked, running at 16 MHz"},
    {start_overdrive, "overdrive not ready, running at 16 MHz"},
    {run_from_pll, "switch to the PLL refused, running at 16 MHz"},
    {NULL, NULL},
};

static const char *clocks_done(void)
{
    static const char *const texts[] = {
        "no 8 MHz from the ST-Link, PLL from the internal oscillator (1 % accuracy)",
        "the clock at OSC_IN is not 8 MHz, PLL from the internal oscillator (1 % accuracy)",
        "the 8 MHz at OSC_IN could not be measured: the core's clock is computed",
        NULL,
    };
    stm32_core_hz = CORE_HZ;
    stm32_uart_hz = CORE_HZ / 4u; /* APB1 */
    return texts[reference];
}

/* PA2 and PA3: USART2 (AF7). PA8: the energy mode's timing pin. */
static void start_pins(void)
{
    RCC_AHB1ENR |= AHB1ENR_GPIOA;
    (void)RCC_AHB1ENR;
    GPIOA_BSRR = TIMING_PIN;
    GPIOA_AFRL = (GPIOA_AFRL & ~0xFF00u) | 0x7700u;
    GPIOA_MODER = (GPIOA_MODER & ~0x000300F0u) | 0x000100A0u;
}

static void start_uart(void)
{
    RCC_APB1ENR |= APB1ENR_USART2;
    (void)RCC_APB1ENR;
    USART2_BRR = (stm32_uart_hz + TINYSSL_BAUD / 2u) / TINYSSL_BAUD;
    USART2_CR1 = CR1_RE | CR1_TE | CR1_RXNEIE | CR1_UE;
}

/* Reading SR, then DR, clears the error bits too. */
static void receive(void)
{
    while (USART2_SR & SR_RXNE) {
        polled_read_put((uint8_t)USART2_DR);
    }
}

bool port_write(const uint8_t *data, size_t size)
{
    if (!(USART2_CR1 & CR1_UE)) { /* a fault before port_init() has nobody to tell */
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!wait_for_bits(&USART2_SR, SR_TXE, SR_TXE, LINE_POLLS)) {
            return false;
        }
        USART2_DR = data[i];
    }
    return data || wait_for_bits(&USART2_SR, SR_TC, SR_TC, LINE_POLLS);
}

/* RM0390 6.3.21 */
static const struct stm32_reset causes[] = {
    {CSR_IWDGRSTF | CSR_WWDGRSTF, "watchdog"},
    {CSR_LPWRRSTF, "low-power"},
    {CSR_SFTRSTF, "software"},
    {CSR_PORRSTF, "power-on"},
    {CSR_BORRSTF, "brown-out"},
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
    .receive = receive,
    .uart_interrupt = IRQ_USART2,
    .timing_port = &GPIOA_BSRR,
    .timing_pin = TIMING_PIN,
};
