/* STM32H743 on the Nucleo-144 board: 480 MHz, caches on, USART3 to the ST-Link.
 *
 * RM0433 rev 8 (registers, clock tree, voltage scaling), DS12110 rev 10 (limits), UM1974 (board: the
 * ST-Link feeds 8 MHz to OSC_IN; USART3 on PD8 and PD9 is its serial port). No ready bit is waited
 * for without an end: what does not come up is reported, and the chip runs from what did. */
#include "stm32h7.h"

#include <stdbool.h>

#include "port.h"
#include "stm32.h"
#include "stm32_usart.h"
#include "tinyssl_build.h"

enum { HSI_HZ = 64000000, PLL_INPUT_HZ = 2000000, HSE_HZ = 8000000 };
enum { READY_POLLS = 1000000 }; /* at 64 MHz at least 30 ms; the slowest bit (HSE) takes 2 ms */
enum { RTC_DIVIDER = 8 };       /* of RTCPRE: 1 MHz to TIM17 */
enum { TIMING_PIN = 1u << 15 }; /* of port D */

struct stm32_usart *const stm32_usart = (struct stm32_usart *)USART3_ADDRESS;
struct stm32_iwdg *const stm32_iwdg = (struct stm32_iwdg *)IWDG1_ADDRESS;

uint32_t stm32_core_hz = HSI_HZ;
uint32_t stm32_uart_hz = HSI_HZ;

static enum stm32_reference reference;

static bool fast(void)
{
    return (DBGMCU_IDC >> 16) >= REVISION_V;
}

static uint32_t wanted_hz(void)
{
    return fast() ? 480000000u : 400000000u;
}

static bool becomes(volatile const uint32_t *reg, uint32_t mask, uint32_t value)
{
    return wait_for_bits(reg, mask, value, READY_POLLS);
}

/* RM0433 6.6.2: scale 1 first, then overdrive. CR3 may be written once after power-on; a second write
 * after a warm reset has no effect and does no harm. */
static bool raise_voltage(void)
{
    PWR_CR3 = (PWR_CR3 & ~CR3_SUPPLY) | CR3_LDOEN;
    if (!becomes(&PWR_CSR1, CSR1_ACTVOSRDY, CSR1_ACTVOSRDY)) {
        return false;
    }
    PWR_D3CR |= D3CR_VOS_SCALE1;
    if (!becomes(&PWR_D3CR, D3CR_VOSRDY, D3CR_VOSRDY)) {
        return false;
    }
    if (fast()) {
        RCC_APB4ENR |= APB4ENR_SYSCFG;
        (void)RCC_APB4ENR; /* the clock runs two cycles after the write: read back */
        SYSCFG_PWRCR |= PWRCR_ODEN;
        (void)SYSCFG_PWRCR; /* VOSRDY lies in another peripheral: the write must have arrived */
        return becomes(&PWR_D3CR, D3CR_VOSRDY, D3CR_VOSRDY);
    }
    return true;
}

/* HSE in Hz by the internal oscillator, while the core runs from that; 0 where nothing is captured. */
static uint32_t measure_hse(void)
{
    RCC_APB2ENR |= APB2ENR_TIM17;
    (void)RCC_APB2ENR;
    RCC_CFGR = (RCC_CFGR & ~CFGR_RTCPRE) | CFGR_RTCPRE_8;
    TIM17_TISEL = TISEL_HSE_1MHZ;
    const uint32_t ticks = stm32_measure((struct stm32_timer *)TIM17_ADDRESS, READY_POLLS);
    return ticks ? (uint32_t)((uint64_t)HSI_HZ * RTC_DIVIDER * STM32_CAPTURED_EDGES / ticks) : 0u;
}

/* PLL1: source / divider = 2 MHz, times `multiplier`, P = 2. */
static bool start_pll(void)
{
    const bool crystal = reference >= STM32_UNMEASURED;
    const uint32_t source = crystal ? PLLSRC_HSE : PLLSRC_HSI;
    const uint32_t divider = (crystal ? HSE_HZ : HSI_HZ) / PLL_INPUT_HZ;
    const uint32_t multiplier = 2u * (wanted_hz() / PLL_INPUT_HZ);
    RCC_PLLCKSELR = (RCC_PLLCKSELR & ~PLLCKSELR_PLL1_MASK) | source | (divider << 4);
    RCC_PLLCFGR = (RCC_PLLCFGR & ~PLLCFGR_PLL1_MASK) | PLLCFGR_PLL1;
    RCC_PLL1DIVR = (multiplier - 1u) | (1u << 9);
    RCC_CR |= CR_PLL1ON;
    return becomes(&RCC_CR, CR_PLL1RDY, CR_PLL1RDY);
}

static bool run_from_pll(void)
{
    FLASH_ACR = ACR_240MHZ;
    if (!becomes(&FLASH_ACR, ACR_240MHZ, ACR_240MHZ)) {
        return false;
    }
    RCC_D1CFGR = D1CFGR_240_120;
    RCC_D2CFGR = D2CFGR_120;
    RCC_D3CFGR = D3CFGR_120;
    RCC_CFGR = (RCC_CFGR & ~7u) | CFGR_SW_PLL1;
    if (becomes(&RCC_CFGR, CFGR_SWS, CFGR_SWS_PLL1)) {
        return true;
    }
    RCC_CFGR &= ~7u; /* back to what a reset leaves: all buses at 64 MHz */
    RCC_D1CFGR = 0;
    RCC_D2CFGR = 0;
    RCC_D3CFGR = 0;
    return false;
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
    {raise_voltage, "core voltage not ready, running at 64 MHz"},
    {find_reference, NULL},
    {start_pll, "PLL1 not locked, running at 64 MHz"},
    {run_from_pll, "switch to PLL1 refused, running at 64 MHz"},
    {NULL, NULL},
};

static const char *clocks_done(void)
{
    static const char *const texts[] = {
        "no 8 MHz from the ST-Link, PLL1 from the internal oscillator (1 % accuracy)",
        "the clock at OSC_IN is not 8 MHz, PLL1 from the internal oscillator (1 % accuracy)",
        "the 8 MHz at OSC_IN could not be measured: the core's clock is computed",
        NULL,
    };
    stm32_core_hz = wanted_hz();
    stm32_uart_hz = stm32_core_hz / 4u; /* rcc_pclk1 */
    const char *problem = texts[reference];
    return problem || fast() ? problem : "revision before V: 400 MHz instead of 480 MHz";
}

/* ARMv7-M reference manual, B2.2.7: both caches must be invalidated before they are enabled. */
static void start_caches(void)
{
    SCB_CSSELR = 0;
    barrier();
    const uint32_t sets = (SCB_CCSIDR >> 13) & 0x7FFFu;
    const uint32_t ways = (SCB_CCSIDR >> 3) & 0x3FFu;
    for (uint32_t set = 0; set <= sets; set++) {
        for (uint32_t way = 0; way <= ways; way++) {
            CACHE_DCISW = (set << 5) | (way << 30); /* 32-byte lines, 4 ways */
        }
    }
    CACHE_ICIALLU = 0;
    barrier();
    SCB_CCR |= CCR_IC | CCR_DC;
    barrier();
}

/* PD8 and PD9: USART3 (AF7). PD15, which is D9 of the Arduino header: the energy mode's timing pin. */
static void start_pins(void)
{
    start_caches();
    RCC_AHB4ENR |= AHB4ENR_GPIOD;
    (void)RCC_AHB4ENR;
    GPIOD_BSRR = TIMING_PIN;
    GPIOD_AFRH = (GPIOD_AFRH & ~0xFFu) | 0x77u;
    GPIOD_MODER = (GPIOD_MODER & ~0xC00F0000u) | 0x400A0000u;
}

static void start_uart(void)
{
    RCC_APB1LENR |= APB1LENR_USART3;
    (void)RCC_APB1LENR;
    stm32_usart_start((stm32_uart_hz + TINYSSL_BAUD / 2u) / TINYSSL_BAUD);
}

/* RM0433 8.7.38 */
static const struct stm32_reset causes[] = {
    {RSR_IWDG1RSTF | RSR_WWDG1RSTF, "watchdog"},
    {RSR_LPWRRSTF, "low-power"},
    {RSR_SFTRSTF, "software"},
    {RSR_PORRSTF, "power-on"},
    {RSR_BORRSTF, "brown-out"},
    {RSR_PINRSTF, "pin"},
    {0, NULL},
};

const struct stm32_chip stm32_chip = {
    .reset_register = &RCC_RSR,
    .reset_clear = RSR_RMVF,
    .causes = causes,
    .clocks = clocks,
    .clocks_done = clocks_done,
    .start_pins = start_pins,
    .start_uart = start_uart,
    .receive = stm32_usart_receive,
    .uart_interrupt = IRQ_USART3,
    .timing_port = &GPIOD_BSRR,
    .timing_pin = TIMING_PIN,
};
