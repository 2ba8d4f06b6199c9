/* SPDX-License-Identifier: Apache-2.0 */
#include "exit_code.h"

bool
exit_code(struct process_handle process, int64_t *code)
{
	struct capos_call call;
	struct process_handle_wait_results results = { 0 };
	struct exit_status status;
	bool has_exited;

	(void)process_handle_wait_begin(&call, process);
	has_exited = process_handle_wait_run(&call, &results) == CAP_OK;
	if (has_exited) {
		status = process_handle_wait_results_status(results);
		has_exited = exit_status_kind(status) == EXIT_KIND_EXITED;
		if (has_exited)
			*code = exit_status_code(status);
	}
	capos_call_end(&call);
	capos_release(process.cap);
	return has_exited;
}

bool
exits_with(struct process_handle process, int64_t code)
{
	int64_t found;

	return exit_code(process, &found) && found == code;
}
