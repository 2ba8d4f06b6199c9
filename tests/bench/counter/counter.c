/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin of the emulator that counts what the shipped kernel does, without a change to it:
 *
 *   total=N                  instructions that were executed, of kernel and programs
 *   stretch=N at=PC from=PC  the longest run of kernel instructions without an interrupt window
 *   pair I instructions=N EVENT=N ... stretch=N   between the I-th two time stamps that a program
 *                            read; of the stretches that ended there, the longest
 *   step PC CODE             with the argument `trace=I`: each instruction of that pair, in order;
 *                            the emulator ends behind it
 *
 * Counts are written to the file of the plugin's argument `out`, when the emulator ends. The
 * interface is that of qemu/docs/devel/tcg-plugins, version 1; its header is in no package, so that
 * the few declarations that are needed stand here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define PAIRS_MAX 4096
#define STEPS_MAX (1U << 21)
#define CODE_BYTES_MAX 15
#define KERNEL_START (UINT64_C(1) << 63)

typedef uint64_t plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum plugin_op { PLUGIN_ADD_U64 = 0 };
enum plugin_flags { PLUGIN_NO_REGISTERS = 0 };
typedef void (*plugin_execute_fn)(unsigned cpu, void *context);
typedef void (*plugin_translate_fn)(plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*plugin_end_fn)(plugin_id_t id, void *context);
struct plugin_info;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id_t id, plugin_translate_fn function);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
    plugin_execute_fn function, enum plugin_flags flags, void *context);
void qemu_plugin_register_vcpu_insn_exec_inline(
    struct qemu_plugin_insn *instruction, enum plugin_op op, void *counter, uint64_t value);
void qemu_plugin_register_atexit_cb(plugin_id_t id, plugin_end_fn function, void *context);

/* What the instruction count prices as one instruction, and hardware does not. */
enum event {
	EVENT_SPACE_LOADS, /* address spaces: writes of CR3 */
	EVENT_ATOMICS,	   /* locked instructions and exchanges with memory */
	EVENT_PORTS,	   /* port input and output */
	EVENT_EXTENDED,	   /* XSAVE and XRSTOR */
	EVENT_FLUSHES,	   /* INVLPG */
	EVENT_ENTRIES,	   /* system calls */
	EVENT_TRAPS,	   /* returns from interrupts and faults */
	EVENT_COUNT,
};
static const char *const event_names[EVENT_COUNT] = { "space_loads", "atomics", "ports", "extended",
	"flushes", "entries", "traps" };

struct counts {
	uint64_t total;
	uint64_t events[EVENT_COUNT];
	uint64_t stretch;
};

static EXPORT struct counts counts;
static uint64_t kernel_count;
static uint64_t stretch_start; /* of kernel_count */
static uint64_t stretch_from;  /* where the last window was */
static uint64_t longest, longest_at, longest_from;
static uint64_t longest_in_pair;
static bool in_user_mode_once;
static struct counts at_stamp;
static struct counts pairs[PAIRS_MAX];
static unsigned stamp_count;
static char out_path[4096];

/* An instruction as it was translated: programs share addresses, and differ in their code. */
struct instruction {
	uint64_t address;
	uint8_t size;
	uint8_t code[CODE_BYTES_MAX];
};

static unsigned traced_pair = PAIRS_MAX; /* PAIRS_MAX: none */
static bool is_tracing;
static const struct instruction *steps[STEPS_MAX];
static unsigned step_count;

/* An instruction after which interrupts are let in, or the kernel is left. */
static void
on_window(unsigned cpu, void *context)
{
	uint64_t length = kernel_count - stretch_start;

	(void)cpu;
	if (in_user_mode_once && length > longest) {
		longest = length;
		longest_at = (uint64_t)context;
		longest_from = stretch_from;
	}
	if (length > longest_in_pair)
		longest_in_pair = length;
	stretch_start = kernel_count;
	stretch_from = (uint64_t)context;
}

static void
on_way_out(unsigned cpu, void *context)
{
	on_window(cpu, context);
	in_user_mode_once = true;
}

static void on_end(plugin_id_t id, void *context);

static void
on_time_stamp(unsigned cpu, void *context)
{
	(void)cpu;
	(void)context;
	if (stamp_count % 2 == 0) {
		at_stamp = counts;
		longest_in_pair = 0;
	} else if (stamp_count / 2 < PAIRS_MAX) {
		struct counts *pair = &pairs[stamp_count / 2];

		pair->total = counts.total - at_stamp.total;
		for (unsigned i = 0; i < EVENT_COUNT; i++)
			pair->events[i] = counts.events[i] - at_stamp.events[i];
		pair->stretch = longest_in_pair;
	}
	stamp_count++;
	/* What comes behind is not asked for. Not exit(): the emulator would wait for this thread.
	 */
	if (is_tracing) {
		on_end(0, NULL);
		_exit(0);
	}
	is_tracing = stamp_count == traced_pair * 2 + 1;
}

static void
on_step(unsigned cpu, void *context)
{
	(void)cpu;
	if (is_tracing && step_count < STEPS_MAX)
		steps[step_count++] = context;
}

/* Instructions live as long as the emulator. */
static void
trace(struct qemu_plugin_insn *instruction)
{
	struct instruction *kept = calloc(1, sizeof(*kept));

	if (kept == NULL)
		abort();
	kept->address = qemu_plugin_insn_vaddr(instruction);
	kept->size = (uint8_t)qemu_plugin_insn_size(instruction);
	memcpy(kept->code, qemu_plugin_insn_data(instruction), kept->size);
	qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_step, PLUGIN_NO_REGISTERS, kept);
}

/* The first byte behind prefixes; `has_lock` if one of them locks. */
static const uint8_t *
skip_prefixes(const uint8_t *byte, const uint8_t *end, bool *has_lock)
{
	*has_lock = false;
	for (; byte < end - 1; byte++) {
		if (*byte == 0xf0)
			*has_lock = true;
		else if (!((*byte & 0xf0) == 0x40 || *byte == 0x66 || *byte == 0xf2 ||
			     *byte == 0xf3 || *byte == 0x2e || *byte == 0x3e || *byte == 0x64 ||
			     *byte == 0x65))
			break;
	}
	return byte;
}

/* EVENT_COUNT: none. */
static enum event
event_of(const uint8_t *code, size_t size)
{
	const uint8_t *end = code + size;
	bool has_lock;
	const uint8_t *op = skip_prefixes(code, end, &has_lock);
	unsigned next = op + 1 < end ? op[1] : 0;
	unsigned form = op + 2 < end ? op[2] : 0;

	if (has_lock || ((*op == 0x86 || *op == 0x87) && (next & 0xc0) != 0xc0))
		return EVENT_ATOMICS;
	if ((*op >= 0xe4 && *op <= 0xe7) || (*op >= 0xec && *op <= 0xef))
		return EVENT_PORTS;
	if (*op == 0xcf)
		return EVENT_TRAPS;
	if (*op != 0x0f)
		return EVENT_COUNT;
	switch (next) {
	case 0x05:
		return EVENT_ENTRIES;
	case 0x22:
		return (form >> 3 & 7) == 3 ? EVENT_SPACE_LOADS : EVENT_COUNT;
	case 0x01:
		return (form >> 3 & 7) == 7 && (form & 0xc0) != 0xc0 ? EVENT_FLUSHES : EVENT_COUNT;
	case 0xae:
		return (form & 0xc0) != 0xc0 && ((form >> 3 & 7) == 4 || (form >> 3 & 7) == 5)
		    ? EVENT_EXTENDED
		    : EVENT_COUNT;
	default:
		return EVENT_COUNT;
	}
}

static bool
is_way_out(const uint8_t *code, size_t size)
{
	bool has_lock;
	const uint8_t *op = skip_prefixes(code, code + size, &has_lock);

	return *op == 0xcf || (*op == 0x0f && op + 1 < code + size && op[1] == 0x07);
}

static void
watch_kernel(struct qemu_plugin_insn *instruction)
{
	uint64_t address = qemu_plugin_insn_vaddr(instruction);
	const uint8_t *code = qemu_plugin_insn_data(instruction);
	size_t size = qemu_plugin_insn_size(instruction);

	qemu_plugin_register_vcpu_insn_exec_inline(instruction, PLUGIN_ADD_U64, &kernel_count, 1);
	if (code[0] == 0xfb && size == 1)
		qemu_plugin_register_vcpu_insn_exec_cb(
		    instruction, on_window, PLUGIN_NO_REGISTERS, (void *)address);
	else if (is_way_out(code, size))
		qemu_plugin_register_vcpu_insn_exec_cb(
		    instruction, on_way_out, PLUGIN_NO_REGISTERS, (void *)address);
}

static void
on_translate(plugin_id_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
		const uint8_t *code = qemu_plugin_insn_data(instruction);
		size_t size = qemu_plugin_insn_size(instruction);
		enum event event = event_of(code, size);

		qemu_plugin_register_vcpu_insn_exec_inline(
		    instruction, PLUGIN_ADD_U64, &counts.total, 1);
		if (event != EVENT_COUNT)
			qemu_plugin_register_vcpu_insn_exec_inline(
			    instruction, PLUGIN_ADD_U64, &counts.events[event], 1);
		if (traced_pair != PAIRS_MAX)
			trace(instruction);
		if (qemu_plugin_insn_vaddr(instruction) >= KERNEL_START)
			watch_kernel(instruction);
		else if (size == 2 && code[0] == 0x0f && code[1] == 0x31)
			qemu_plugin_register_vcpu_insn_exec_cb(
			    instruction, on_time_stamp, PLUGIN_NO_REGISTERS, NULL);
	}
}

static void
write_steps(FILE *out)
{
	for (unsigned i = 0; i < step_count; i++) {
		fprintf(out, "step %llx ", (unsigned long long)steps[i]->address);
		for (unsigned k = 0; k < steps[i]->size; k++)
			fprintf(out, "%02x", steps[i]->code[k]);
		fprintf(out, "\n");
	}
}

static void
on_end(plugin_id_t id, void *context)
{
	FILE *out = fopen(out_path, "w");

	(void)id;
	(void)context;
	if (out == NULL)
		return;
	fprintf(out, "total=%llu\n", (unsigned long long)counts.total);
	fprintf(out, "stretch=%llu at=%llx from=%llx\n", (unsigned long long)longest,
	    (unsigned long long)longest_at, (unsigned long long)longest_from);
	for (unsigned i = 0; i < stamp_count / 2 && i < PAIRS_MAX; i++) {
		fprintf(out, "pair %u instructions=%llu", i, (unsigned long long)pairs[i].total);
		for (unsigned k = 0; k < EVENT_COUNT; k++)
			fprintf(out, " %s=%llu", event_names[k],
			    (unsigned long long)pairs[i].events[k]);
		fprintf(out, " stretch=%llu\n", (unsigned long long)pairs[i].stretch);
	}
	write_steps(out);
	fclose(out);
}

EXPORT int qemu_plugin_version = 1;

EXPORT int qemu_plugin_install(
    plugin_id_t id, const struct plugin_info *info, int argument_count, char **arguments);

EXPORT int
qemu_plugin_install(
    plugin_id_t id, const struct plugin_info *info, int argument_count, char **arguments)
{
	(void)info;
	for (int i = 0; i < argument_count; i++) {
		if (strncmp(arguments[i], "out=", 4) == 0)
			snprintf(out_path, sizeof(out_path), "%s", arguments[i] + 4);
		else if (strncmp(arguments[i], "trace=", 6) == 0)
			traced_pair = (unsigned)strtoul(arguments[i] + 6, NULL, 10);
	}
	if (out_path[0] == '\0')
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
