/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The shell: reads a line, runs a command, shows the answer. It holds exactly the capabilities of
 * its CapSet and those that its commands obtained, and knows what they can do from the schema
 * alone.
 */
#include <capos/capos.h>
#include <schema/process.client.h>
#include <schema/stats.client.h>
#include <schema/system_info.client.h>
#include <schema/terminal.client.h>

#include "cap_names.h"
#include "scanner.h"

#define SHELL_PROMPT "capos> "
#define SHELL_LINE_BYTES 1024
#define SHELL_OUTPUT_BYTES 4000 /* one write to the terminal */

struct shell {
	struct capos *self;
	struct terminal_session terminal;
	struct cap_names names;
	bool has_launcher;
	bool has_system_info;
	bool has_stats;
	struct process_launcher launcher;
	struct system_info system_info;
	struct kernel_stats stats;
	bool is_leaving;
	int exit_code;
	uint32_t output_bytes;
	char output[SHELL_OUTPUT_BYTES];
};

struct shell_command {
	const char *name;
	const char *usage;   /* behind the name */
	const char *summary; /* one line */
	void (*run)(struct shell *shell, struct scanner *scanner);
};

/* All commands; the last has no name. */
extern const struct shell_command shell_commands[];

void command_help(struct shell *shell, struct scanner *scanner);
void command_caps(struct shell *shell, struct scanner *scanner);
void command_inspect(struct shell *shell, struct scanner *scanner);
void command_call(struct shell *shell, struct scanner *scanner);
void command_run(struct shell *shell, struct scanner *scanner);
void command_trace(struct shell *shell, struct scanner *scanner);
void command_spawn(struct shell *shell, struct scanner *scanner);
void command_kill(struct shell *shell, struct scanner *scanner);
void command_wait(struct shell *shell, struct scanner *scanner);
void command_release(struct shell *shell, struct scanner *scanner);
void command_stats(struct shell *shell, struct scanner *scanner);
void command_exit(struct shell *shell, struct scanner *scanner);

/* Run one line; mistakes are shown below it. */
void shell_run_line(struct shell *shell, struct shell_text line);

/* Output is collected, and written when it fills up or a command ends. */
void
shell_print(struct shell *shell, const char *format, ...) __attribute__((format(printf, 2, 3)));
void shell_flush(struct shell *shell);
/* "  ^ what was expected", with the mark below the place in the line that was typed. */
void shell_show_mistake(struct shell *shell, uint32_t position, const char *text);
/* A failed call: "type: reason", or the status in words. */
void shell_show_failure(struct shell *shell, enum cap_status status, const struct capos_call *call);

/* The next word as one of the shell's capabilities; NULL after a mistake was noted. */
struct cap_name *shell_expect_cap(struct shell *shell, struct scanner *scanner);
/* Keep a capability under a new name made of `stem`; NULL (and it is released) if no name is left.
 */
const char *
shell_keep(struct shell *shell, struct capos_cap cap, struct shell_text stem, const char *from);
const char *shell_interface_name(uint64_t interface_id);
