/* Registers of the STM32H743 that its port uses, from ST RM0433 rev 8: only these, by hand, so that
 * no vendor library is needed. Section numbers are those of the manual. */
#ifndef TINYSSL_STM32H7_H
#define TINYSSL_STM32H7_H

#include "cortex_m.h"

/* 60.5.8 DBGMCU: revision of the chip in the upper half */
#define DBGMCU_IDC REG32(0x5C001000u)
#define REVISION_V 0x2003u /* the first that runs at 480 MHz */

/* 4.9 FLASH */
#define FLASH_ACR REG32(0x52002000u)
#define ACR_240MHZ ((2u << 4) | 4u) /* WRHIGHFREQ and LATENCY, table 17: 4 wait states */

/* 6.8 PWR */
#define PWR_CSR1 REG32(0x58024804u)
#define PWR_CR3 REG32(0x5802480Cu)
#define PWR_D3CR REG32(0x58024818u)
#define CSR1_ACTVOSRDY (1u << 13)
#define CR3_SUPPLY (7u << 0)
#define CR3_LDOEN (1u << 1)
#define D3CR_VOSRDY (1u << 13)
#define D3CR_VOS_SCALE1 (3u << 14)

/* 12.3 SYSCFG: overdrive, which makes scale 1 into scale 0 */
#define SYSCFG_PWRCR REG32(0x5800042Cu)
#define PWRCR_ODEN (1u << 0)

/* 8.7 RCC */
#define RCC_CR REG32(0x58024400u)
#define RCC_CFGR REG32(0x58024410u)
#define RCC_D1CFGR REG32(0x58024418u)
#define RCC_D2CFGR REG32(0x5802441Cu)
#define RCC_D3CFGR REG32(0x58024420u)
#define RCC_PLLCKSELR REG32(0x58024428u)
#define RCC_PLLCFGR REG32(0x5802442Cu)
#define RCC_PLL1DIVR REG32(0x58024430u)
#define RCC_RSR REG32(0x580244D0u)
#define RCC_AHB4ENR REG32(0x580244E0u)
#define RCC_APB1LENR REG32(0x580244E8u)
#define RCC_APB4ENR REG32(0x580244F4u)
#define RCC_APB2ENR REG32(0x580244F0u)
#define APB2ENR_TIM17 (1u << 18)
#define CFGR_RTCPRE_8 (8u << 8)
#define CFGR_RTCPRE (63u << 8)
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_HSEBYP (1u << 18)
#define CR_PLL1ON (1u << 24)
#define CR_PLL1RDY (1u << 25)
#define CFGR_SW_PLL1 3u
#define CFGR_SWS (7u << 3)
#define CFGR_SWS_PLL1 (3u << 3)
#define D1CFGR_240_120 ((8u << 0) | (4u << 4)) /* HPRE /2, D1PPRE /2; D1CPRE /1 */
#define D2CFGR_120 ((4u << 4) | (4u << 8))     /* D2PPRE1 and D2PPRE2 /2 */
#define D3CFGR_120 (4u << 4)                   /* D3PPRE /2 */
#define PLLSRC_HSI 0u
#define PLLSRC_HSE 2u
#define PLLCKSELR_PLL1_MASK (3u | (63u << 4))
#define PLLCFGR_PLL1_MASK 0x0007000Fu         /* FRACEN, VCOSEL, RGE; DIVP1EN, DIVQ1EN, DIVR1EN */
#define PLLCFGR_PLL1 ((1u << 2) | (1u << 16)) /* input 2 to 4 MHz, wide VCO, output P */
#define RSR_RMVF (1u << 16)
#define RSR_BORRSTF (1u << 21)
#define RSR_PINRSTF (1u << 22)
#define RSR_PORRSTF (1u << 23)
#define RSR_SFTRSTF (1u << 24)
#define RSR_IWDG1RSTF (1u << 26)
#define RSR_WWDG1RSTF (1u << 28)
#define RSR_LPWRRSTF (1u << 30)
#define AHB4ENR_GPIOD (1u << 3)
#define APB1LENR_USART3 (1u << 18)
#define APB4ENR_SYSCFG (1u << 1)

/* 39.5 TIM17: channel 1 captures edges of HSE_1MHz */
#define TIM17_ADDRESS 0x40014800u
#define TIM17_TISEL REG32(0x40014868u)
#define TISEL_HSE_1MHZ 2u

/* 11.4 GPIO */
#define GPIOD_MODER REG32(0x58020C00u)
#define GPIOD_BSRR REG32(0x58020C18u)
#define GPIOD_AFRH REG32(0x58020C24u)

#define USART3_ADDRESS 0x40004800u
#define IWDG1_ADDRESS 0x58004800u
#define IRQ_USART3 39u /* table 149 */

#endif
