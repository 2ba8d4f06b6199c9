/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* For claims about how a program ended. */
#include <schema/process.client.h>

/*
 * Waits for the end of a process, and releases its handle. False: it did not exit by itself, or the
 * wait failed; then `*code` is as before.
 */
bool exit_code(struct process_handle process, int64_t *code);
/* It exited with this code. */
bool exits_with(struct process_handle process, int64_t code);
