/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Starting a program from a line: what `run`, `spawn` and `trace` share. */
#include <schema/tap.client.h>

#include "launch_command.h"
#include "shell.h"

struct launched {
	struct process_handle handle;
	struct process_control control;
};

/*
 * The rest of the line: a program that the shell's launcher starts, with capabilities that the
 * shell holds, `caps_max` at most. False: what is wrong is in the scanner.
 */
bool launch_parse(struct shell *shell, struct scanner *scanner, struct launch_command *command,
    uint32_t caps_max);
/* Start it, under `tap` unless its cap_id is 0. A failure has been shown. */
MUST_CHECK enum cap_status launch_start(struct shell *shell, const struct launch_command *command,
    struct ring_tap tap, struct launched *out);
/* Show how a process ended, if `wait` says so; a plain success is not worth a line if `is_quiet`.
 */
void launch_show_end(struct shell *shell, struct capos_call *wait, const char *name, bool is_quiet);
