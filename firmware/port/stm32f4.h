/* Registers of the STM32F4 that the port uses. RM0390 rev 6 (STM32F446) and RM0090 rev 19 (STM32F405):
 * the section of RM0390 is named with each peripheral; the registers are the same in both, but for
 * the overdrive, which the F405 does not have. */
#ifndef TINYSSL_STM32F4_H
#define TINYSSL_STM32F4_H

#include "cortex_m.h"

/* PWR, 5.4 */
#define PWR_CR REG32(0x40007000u)
#define PWR_CSR REG32(0x40007004u)
#define PWR_VOS_SCALE1 (3u << 14) /* the F405 has the upper bit alone: scale 1 as well */
#define PWR_ODEN (1u << 16)
#define PWR_ODSWEN (1u << 17)
#define PWR_ODRDY (1u << 16)
#define PWR_ODSWRDY (1u << 17)

/* RCC, 6.3 */
#define RCC_CR REG32(0x40023800u)
#define RCC_PLLCFGR REG32(0x40023804u)
#define RCC_CFGR REG32(0x40023808u)
#define RCC_AHB1ENR REG32(0x40023830u)
#define RCC_APB1ENR REG32(0x40023840u)
#define RCC_APB2ENR REG32(0x40023844u)
#define RCC_CSR REG32(0x40023874u)
#define CSR_RMVF (1u << 24)
#define CSR_BORRSTF (1u << 25)
#define CSR_PINRSTF (1u << 26)
#define CSR_PORRSTF (1u << 27)
#define CSR_SFTRSTF (1u << 28)
#define CSR_IWDGRSTF (1u << 29)
#define CSR_WWDGRSTF (1u << 30)
#define CSR_LPWRRSTF (1u << 31)
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_HSEBYP (1u << 18)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define PLLCFGR_KEPT 0xF0BC8000u /* what is reserved, or of the F446's R output */
#define PLLCFGR_HSE (1u << 22)
#define PLLCFGR_Q_SHIFT 24
#define CFGR_PLL 2u
#define CFGR_SW 3u
#define CFGR_SWS (3u << 2)
#define CFGR_SWS_PLL (2u << 2)
#define CFGR_APB1_4 (5u << 10)
#define CFGR_APB2_2 (4u << 13)
#define CFGR_RTCPRE_8 (8u << 16)
#define CFGR_RTCPRE (31u << 16)
#define AHB1ENR_GPIOA (1u << 0)
#define APB1ENR_USART2 (1u << 17)
#define APB1ENR_PWR (1u << 28)
#define APB2ENR_TIM11 (1u << 18)

/* FLASH, 3.8 */
#define FLASH_ACR REG32(0x40023C00u)
#define ACR_CACHES ((1u << 8) | (1u << 9) | (1u << 10)) /* prefetch, instructions, data */
#define ACR_WAIT 0xFu

/* TIM11, 18.5: channel 1 captures edges of HSE_RTC */
#define TIM11_ADDRESS 0x40014800u
#define TIM11_OR REG32(0x40014850u)
#define OR_HSE_RTC 2u

/* GPIOA, 7.4 */
#define GPIOA_MODER REG32(0x40020000u)
#define GPIOA_BSRR REG32(0x40020018u)
#define GPIOA_AFRL REG32(0x40020020u)

/* USART2, 25.6 */
#define USART2_SR REG32(0x40004400u)
#define USART2_DR REG32(0x40004404u)
#define USART2_BRR REG32(0x40004408u)
#define USART2_CR1 REG32(0x4000440Cu)
#define SR_RXNE (1u << 5)
#define SR_TC (1u << 6)
#define SR_TXE (1u << 7)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_UE (1u << 13)
#define IRQ_USART2 38u

/* IWDG, 17.4 */
#define IWDG_ADDRESS 0x40003000u

#endif
