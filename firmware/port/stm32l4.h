/* Registers of the STM32L4R5 that its port uses, from ST RM0432 rev 9: only these, by hand, so that no
 * vendor library is needed. Section numbers are those of the manual. Addresses, bits and offsets agree with
 * ST's stm32l4r5xx.h (CMSIS device L4 1.7.1); wait states, 120 MHz in range 1 with boost and the limits of
 * the PLL (4 to 16 MHz in, 64 to 344 MHz inside) with ST's low-level driver. */
#ifndef TINYSSL_STM32L4_H
#define TINYSSL_STM32L4_H

#include "cortex_m.h"

/* 5.4 PWR */
#define PWR_CR1 REG32(0x40007000u)
#define PWR_CR2 REG32(0x40007004u)
#define PWR_SR2 REG32(0x40007014u)
#define PWR_CR5 REG32(0x40007080u)
#define CR1_DBP (1u << 8) /* the backup domain, with the crystal's bits, may be written */
#define CR2_IOSV (1u << 9)
#define SR2_VOSF (1u << 10)
#define CR5_R1MODE (1u << 8) /* 1: range 1 without boost */

/* 6.4 RCC */
#define RCC_CR REG32(0x40021000u)
#define RCC_CFGR REG32(0x40021008u)
#define RCC_PLLCFGR REG32(0x4002100Cu)
#define RCC_AHB2ENR REG32(0x4002104Cu)
#define RCC_APB1ENR1 REG32(0x40021058u)
#define RCC_APB1ENR2 REG32(0x4002105Cu)
#define RCC_APB2ENR REG32(0x40021060u)
#define RCC_BDCR REG32(0x40021090u)
#define RCC_CSR REG32(0x40021094u)
#define CR_MSIPLLEN (1u << 2)
#define CR_HSION (1u << 8)
#define CR_HSIRDY (1u << 10)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define CFGR_SW_PLL 3u
#define CFGR_SWS (3u << 2)
#define CFGR_SWS_PLL (3u << 2)
#define CFGR_HPRE_2 (8u << 4)
#define PLLCFGR_MSI 1u
#define PLLCFGR_HSI 2u
#define PLLCFGR_PLLM_SHIFT 4 /* divider - 1 */
#define PLLCFGR_PLLN_SHIFT 8
#define PLLCFGR_PLLREN (1u << 24) /* output R, divided by 2: PLLR is 0 */
#define AHB2ENR_GPIOD (1u << 3)
#define AHB2ENR_GPIOG (1u << 6)
#define APB1ENR1_PWR (1u << 28)
#define APB1ENR2_LPUART1 (1u << 0)
#define APB2ENR_TIM16 (1u << 17)
#define BDCR_LSEON (1u << 0)
#define BDCR_LSERDY (1u << 1)
#define CSR_RMVF (1u << 23)
#define CSR_OBLRSTF (1u << 25)
#define CSR_PINRSTF (1u << 26)
#define CSR_BORRSTF (1u << 27)
#define CSR_SFTRSTF (1u << 28)
#define CSR_IWDGRSTF (1u << 29)
#define CSR_WWDGRSTF (1u << 30)
#define CSR_LPWRRSTF (1u << 31)

/* 3.7 FLASH; table 12: 5 wait states above 100 MHz in range 1 boost */
#define FLASH_ACR REG32(0x40022000u)
#define ACR_WAIT 0xFu
#define ACR_120MHZ 5u
#define ACR_CACHES ((1u << 8) | (1u << 9) | (1u << 10)) /* prefetch, instructions, data */

/* 40.7 TIM16: channel 1 captures edges of the LSE */
#define TIM16_ADDRESS 0x40014400u
#define TIM16_OR1 REG32(0x40014450u)
#define OR1_LSE 2u

/* 8.4 GPIO */
#define GPIOD_MODER REG32(0x48000C00u)
#define GPIOD_BSRR REG32(0x48000C18u)
#define GPIOG_MODER REG32(0x48001800u)
#define GPIOG_AFRL REG32(0x48001820u)
#define GPIOG_AFRH REG32(0x48001824u)

#define LPUART1_ADDRESS 0x40008000u
#define IRQ_LPUART1 70u /* table 77 */
#define IWDG_ADDRESS 0x40003000u

#endif
