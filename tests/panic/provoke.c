/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the shipped kernel must not contain: everything that makes it panic, by a word on the
 * command line. Linked in front of three functions of it (rules.mk); without such a word it is the
 * shipped kernel. The names of the functions are what tests/qemu/test_panic.py looks for in the
 * backtrace.
 */
#include <abi/start.h>

#include "arch/cpu.h"
#include "base/annotate.h"
#include "base/assert.h"
#include "base/log.h"
#include "boot/boot.h"
#include "debug/panic.h"

struct boot_memory;
struct ring;

#define IST_STACKS 3
#define IST_STRIDE (3 * PAGE_BYTES)

extern char kernel_text_start[], cpu_stack_guard[], ist_stacks[];

bool __real_boot_info_has_word(const struct boot_memory *memory, const char *word);
bool __wrap_boot_info_has_word(const struct boot_memory *memory, const char *word);
_Noreturn void __real_kernel_boot(const struct boot_request *request);
_Noreturn void __wrap_kernel_boot(const struct boot_request *request);
bool __real_ring_refresh(struct ring *ring);
bool __wrap_ring_refresh(struct ring *ring);

static const struct boot_memory *command_line;

static bool
is_wanted(const char *word)
{
	return command_line != NULL && __real_boot_info_has_word(command_line, word);
}

NO_INLINE void provoke_message(void);
NO_INLINE void provoke_assertion(void);
NO_INLINE void provoke_nested(void);
NO_INLINE void provoke_fault(uint64_t address);
NO_INLINE void provoke_write(char *address);
NO_INLINE void provoke_execute(uint64_t address);
NO_INLINE void provoke_undefined(void);
NO_INLINE uint64_t provoke_overflow(uint64_t depth);

void
provoke_message(void)
{
	kernel_panic("a message with %u number", 1);
}

void
provoke_assertion(void)
{
	KASSERT(command_line == NULL);
}

static void
sink_that_panics(const char *bytes, unsigned long byte_count)
{
	arch_debug_write(bytes, byte_count);
	kernel_panic("the second one");
}

void
provoke_nested(void)
{
	log_sink_set(sink_that_panics);
	kernel_panic("the first one");
}

/* The registers hold what the test expects to be told. */
void
provoke_fault(uint64_t address)
{
	__asm__ volatile("movabs $0x1111222233334444, %%rbx\n\t"
			 "movabs $0x5555666677778888, %%r15\n\t"
			 "mov $0x42, %%esi\n\t"
			 "mov (%%rdi), %%rax"
	    :
	    : "D"(address)
	    : "rax", "rbx", "rsi", "r15", "memory");
}

void
provoke_write(char *address)
{
	*(volatile char *)address = 0;
}

/* Through a volatile pointer, so that there is a call to come back from. */
void
provoke_execute(uint64_t address)
{
	void (*volatile function)(void) = (void (*)(void))address;

	function();
	__asm__ volatile("");
}

void
provoke_undefined(void)
{
	__asm__ volatile("ud2");
}

static uint64_t (*volatile once_more)(uint64_t depth) = provoke_overflow;

uint64_t
provoke_overflow(uint64_t depth)
{
	volatile uint64_t part[32];

	part[depth % 32] = depth;
	return once_more(depth + 1) + part[depth % 32];
}

/* Wherever it is wanted: while the kernel starts, or in a system call of init. */
static NO_INLINE void
provoke(void)
{
	static char in_data;

	if (is_wanted("message"))
		provoke_message();
	if (is_wanted("assertion"))
		provoke_assertion();
	if (is_wanted("nested"))
		provoke_nested();
	if (is_wanted("null"))
		provoke_fault(0x10);
	if (is_wanted("noncanonical"))
		provoke_fault(UINT64_C(1) << 63);
	if (is_wanted("user-read"))
		provoke_fault(USER_CAPSET_ADDRESS);
	if (is_wanted("user-execute"))
		provoke_execute(USER_IMAGE_BASE);
	if (is_wanted("text-write"))
		provoke_write(kernel_text_start);
	if (is_wanted("data-execute"))
		provoke_execute((uint64_t)&in_data);
	if (is_wanted("undefined"))
		provoke_undefined();
	if (is_wanted("overflow"))
		(void)provoke_overflow(0);
	if (is_wanted("guard-0"))
		provoke_fault((uint64_t)cpu_stack_guard + PAGE_BYTES - 8);
	if (is_wanted("guard-1"))
		provoke_fault((uint64_t)ist_stacks + PAGE_BYTES - 8);
	if (is_wanted("guard-2"))
		provoke_fault((uint64_t)ist_stacks + IST_STRIDE);
	if (is_wanted("guard-3"))
		provoke_fault((uint64_t)ist_stacks + (IST_STACKS - 1) * IST_STRIDE + 8);
	__asm__ volatile(""); /* the last call is none that never comes back here */
}

bool
__wrap_boot_info_has_word(const struct boot_memory *memory, const char *word)
{
	command_line = memory;
	return __real_boot_info_has_word(memory, word);
}

void
__wrap_kernel_boot(const struct boot_request *request)
{
	if (is_wanted("at-start"))
		provoke();
	__real_kernel_boot(request);
}

/* What every cap_enter does first. */
bool
__wrap_ring_refresh(struct ring *ring)
{
	if (is_wanted("in-call"))
		provoke();
	return __real_ring_refresh(ring);
}
