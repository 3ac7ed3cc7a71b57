/* Registers that every Cortex-M of the ARMv7-M and ARMv8-M architectures has, and what ports share.
 *
 * Addresses and bits: ARMv7-M Architecture Reference Manual (DDI 0403E), chapters B3 and C1; of
 * ARMv8.1-M: DDI 0553. */
#ifndef TINYSSL_CORTEX_M_H
#define TINYSSL_CORTEX_M_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SYST_CSR REG32(0xE000E010u) /* SysTick: 0 enable, 1 interrupt, 2 processor clock */
#define SYST_RVR REG32(0xE000E014u)
#define SYST_CVR REG32(0xE000E018u)
#define NVIC_ISER(word) REG32(0xE000E100u + 4u * (word))
#define NVIC_ICER(word) REG32(0xE000E180u + 4u * (word))
#define SCB_ICSR REG32(0xE000ED04u)
#define SCB_VTOR REG32(0xE000ED08u)
#define SCB_AIRCR REG32(0xE000ED0Cu)
#define SCB_CCR REG32(0xE000ED14u)
#define SCB_CFSR REG32(0xE000ED28u)
#define SCB_HFSR REG32(0xE000ED2Cu)
#define SCB_MMFAR REG32(0xE000ED34u)
#define SCB_BFAR REG32(0xE000ED38u)
#define SCB_CCSIDR REG32(0xE000ED80u)
#define SCB_CSSELR REG32(0xE000ED84u)
#define SCB_CPACR REG32(0xE000ED88u)
#define DCB_DHCSR REG32(0xE000EDF0u)
#define MPU_CTRL REG32(0xE000ED94u)
#define MPU_RNR REG32(0xE000ED98u)
#define MPU_RBAR REG32(0xE000ED9Cu)
#define MPU_RASR REG32(0xE000EDA0u)
#define CACHE_ICIALLU REG32(0xE000EF50u)
#define CACHE_DCIMVAC REG32(0xE000EF5Cu)
#define CACHE_DCISW REG32(0xE000EF60u)

#define ICSR_PENDSTSET (1u << 26)
#define AIRCR_KEY 0x05FA0000u
#define AIRCR_SYSRESETREQ (1u << 2)
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)
#define CFSR_BUS_FAULTS 0xFF00u
#define CCR_BFHFNMIGN (1u << 8) /* bus faults at the priority of a fault are ignored */
#define CCR_DC (1u << 16)
#define CCR_IC (1u << 17)
#define CCR_LOB (1u << 19) /* ARMv8.1-M: loop and branch information is kept */
#define CPACR_FPU (0xFu << 20)
#define MPU_CTRL_ON ((1u << 0) | (1u << 2)) /* what no region covers is as without the MPU */
#define MPU_RASR_GUARD ((1u << 28) | (15u << 1) | (1u << 0)) /* 64 KB, no access, never code */
#define MPU_GUARD_BYTES 0x10000u
#define DHCSR_C_DEBUGEN (1u << 0)

/* Exception numbers as IPSR gives them; interrupt n of the chip is 16 + n. */
#define EXCEPTION_NMI 2u
#define EXCEPTION_SYSTICK 15u
#define EXCEPTION_IRQ0 16u

static inline void barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void interrupts_on(void)
{
    __asm__ volatile("cpsie i" ::: "memory");
}

/* From here on at the priority of a fault. */
static inline void faults_off(void)
{
    __asm__ volatile("cpsid f" ::: "memory");
}

static inline void faults_on(void)
{
    __asm__ volatile("cpsie f" ::: "memory");
}

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

static inline void interrupt_enable(uint32_t number)
{
    NVIC_ISER(number / 32u) = 1u << (number % 32u);
}

/* Every interrupt and SysTick come here: `exception` is IPSR's number. The port implements it. */
void port_interrupt(uint32_t exception);

/* A fault's report and the restart: only for the vector table and nmi_entry(). */
void fault_entry(void);

/* The NMI: fault_entry(), where nobody has an nmi_entry() of its own. */
void nmi_entry(void);

#endif
