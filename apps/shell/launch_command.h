/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The words of `run`, `spawn` and `trace`:
 *
 *   PROGRAM [with { NAME: @CAP, NAME: move @CAP, NAME: new SOURCE, ... }] [-> $HANDLE]
 *
 * PROGRAM is a name or a string in double quotes. `@CAP` hands on a copy; `move @CAP` gives it
 * away; `new virtualMemory` and `new endpoint` are made for the program. `-> $HANDLE` names the
 * process handle that `spawn` keeps.
 */
#include "scanner.h"

#define LAUNCH_GRANTS_MAX 16
#define LAUNCH_CAPS_MAX 8 /* of one message */

enum launch_grant_kind {
	LAUNCH_GRANT_COPY,
	LAUNCH_GRANT_MOVE,
	LAUNCH_GRANT_VIRTUAL_MEMORY,
	LAUNCH_GRANT_ENDPOINT,
	LAUNCH_GRANT_LEDGER,
};

struct launch_grant {
	struct shell_text name;	     /* in the program's CapSet */
	struct shell_text cap;	     /* of this shell; COPY and MOVE only */
	struct shell_text interface; /* that clients see; ENDPOINT only */
	uint32_t cap_position;	     /* of either */
	enum launch_grant_kind kind;
};

struct launch_command {
	struct shell_text program;
	uint32_t program_position;
	struct shell_text handle; /* empty: none named */
	uint32_t grant_count;
	struct launch_grant grants[LAUNCH_GRANTS_MAX];
};

/* The rest of the line, which names `caps_max` capabilities at most; a mistake is left in the
 * scanner. */
void
launch_command_parse(struct scanner *scanner, struct launch_command *command, uint32_t caps_max);
