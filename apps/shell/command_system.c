/* SPDX-License-Identifier: Apache-2.0 */
/* `help`, `stats` and `exit`. */
#include <core/format.h>

#include "shell.h"

static void
list_commands(struct shell *shell)
{
	for (const struct shell_command *command = shell_commands; command->name != NULL; command++)
		shell_print(
		    shell, "  %-8s %-44s %s\n", command->name, command->usage, command->summary);
}

static void
list_topics(struct shell *shell)
{
	struct capos_call call;
	struct system_info_help_topics_results results;

	if (!shell->has_system_info)
		return;
	(void)system_info_help_topics_begin(&call, shell->system_info);
	if (system_info_help_topics_run(&call, &results) == CAP_OK) {
		struct capnp_list names = system_info_help_topics_results_names(results);

		if (names.count != 0)
			shell_print(shell, "topics (`help TOPIC`):");
		for (uint32_t i = 0; i < names.count; i++) {
			struct capnp_text name = capnp_any_text(capnp_list_any(names, i));

			shell_print(shell, " %.*s", (int)name.size, name.data);
		}
		if (names.count != 0)
			shell_print(shell, "\n");
	}
	capos_call_end(&call);
}

static void
show_topic(struct shell *shell, struct shell_text topic)
{
	struct capos_call call;
	struct system_info_help_params_builder params;
	struct system_info_help_results results;
	enum cap_status status;

	for (const struct shell_command *command = shell_commands; command->name != NULL;
	    command++) {
		if (!shell_text_is(topic, command->name))
			continue;
		shell_print(
		    shell, "%s %s\n  %s\n", command->name, command->usage, command->summary);
		return;
	}
	if (!shell->has_system_info) {
		shell_print(
		    shell, "no such command; this shell holds no SystemInfo to ask for topics\n");
		return;
	}
	params = system_info_help_begin(&call, shell->system_info);
	system_info_help_params_set_topic(params, (struct capnp_text){ topic.bytes, topic.size });
	status = system_info_help_run(&call, &results);
	if (status == CAP_OK) {
		struct capnp_text text = system_info_help_results_text(results);

		shell_print(shell, "%.*s\n", (int)text.size, text.data);
	} else {
		shell_show_failure(shell, status, &call);
	}
	capos_call_end(&call);
}

void
command_help(struct shell *shell, struct scanner *scanner)
{
	struct shell_text topic = { "", 0 };

	if (!scanner_is_at_end(scanner))
		topic = scanner_name(scanner, "a command or a topic");
	scanner_expect_end(scanner);
	if (scanner->failed)
		return;
	if (topic.size != 0) {
		show_topic(shell, topic);
		return;
	}
	list_commands(shell);
	list_topics(shell);
}

static enum cap_status
show_frames(struct shell *shell)
{
	uint64_t total;
	uint64_t free;
	uint64_t reserved;
	enum cap_status status = kernel_stats_frames(shell->stats, &total, &free, &reserved);

	if (status == CAP_OK)
		shell_print(shell, "frames: %llu used, %llu free, %llu in all, %llu reserved\n",
		    (unsigned long long)(total - free), (unsigned long long)free,
		    (unsigned long long)total, (unsigned long long)reserved);
	return status;
}

/* Those from `first` on that come in one answer; how many there were. */
static enum cap_status
show_pools_from(struct shell *shell, uint32_t first, uint32_t *count)
{
	struct capos_call call;
	struct kernel_stats_pools_results results;
	enum cap_status status;

	kernel_stats_pools_params_set_first(kernel_stats_pools_begin(&call, shell->stats), first);
	status = kernel_stats_pools_run(&call, &results);
	*count = 0;
	if (status == CAP_OK) {
		struct pool_stats_list pools = kernel_stats_pools_results_pools(results);

		*count = pool_stats_list_size(pools);
		for (uint32_t i = 0; i < *count; i++) {
			struct pool_stats pool = pool_stats_at(pools, i);
			struct capnp_text name = pool_stats_name(pool);

			shell_print(shell, "  pool %-18.*s %6llu objects in %llu pages\n",
			    (int)name.size, name.data, (unsigned long long)pool_stats_objects(pool),
			    (unsigned long long)pool_stats_pages(pool));
		}
	}
	capos_call_end(&call);
	return status;
}

static enum cap_status
show_pools(struct shell *shell)
{
	enum cap_status status = CAP_OK;
	uint32_t first = 0;
	uint32_t count = 1;

	for (; status == CAP_OK && count != 0; first += count)
		status = show_pools_from(shell, first, &count);
	return status;
}

static void
show_ledger(struct shell *shell, struct ledger_stats ledger)
{
	struct capnp_text name = ledger_stats_name(ledger);
	struct usage_list usages = ledger_stats_usage(ledger);

	shell_print(shell, "%.*s (pid %u):", (int)name.size, name.data, ledger_stats_pid(ledger));
	for (uint32_t i = 0; i < usage_list_size(usages); i++) {
		struct usage usage = usage_at(usages, i);
		struct capnp_text resource = usage_name(usage);

		shell_print(shell, " %.*s %llu", (int)resource.size, resource.data,
		    (unsigned long long)usage_used(usage));
		if (usage_limit(usage) != UINT64_MAX)
			shell_print(shell, "/%llu", (unsigned long long)usage_limit(usage));
	}
	if (ledger_stats_log_refused_bytes(ledger) != 0)
		shell_print(shell, " logRefusedBytes %llu",
		    (unsigned long long)ledger_stats_log_refused_bytes(ledger));
	shell_print(shell, "\n");
}

/* Ledgers come in parts, by pid. */
static enum cap_status
show_ledgers(struct shell *shell)
{
	enum cap_status status = CAP_OK;
	int64_t after_pid = -1;
	uint32_t count = 1;

	while (status == CAP_OK && count != 0) {
		struct capos_call call;
		struct kernel_stats_ledgers_results results;

		kernel_stats_ledgers_params_set_after_pid(
		    kernel_stats_ledgers_begin(&call, shell->stats), after_pid);
		status = kernel_stats_ledgers_run(&call, &results);
		count = 0;
		if (status == CAP_OK) {
			struct ledger_stats_list ledgers =
			    kernel_stats_ledgers_results_ledgers(results);

			count = ledger_stats_list_size(ledgers);
			for (uint32_t i = 0; i < count; i++) {
				show_ledger(shell, ledger_stats_at(ledgers, i));
				after_pid = ledger_stats_pid(ledger_stats_at(ledgers, i));
			}
		}
		capos_call_end(&call);
	}
	return status;
}

void
command_stats(struct shell *shell, struct scanner *scanner)
{
	uint32_t position = (scanner_peek(scanner), scanner->position);
	enum cap_status status;

	scanner_expect_end(scanner);
	if (scanner->failed)
		return;
	if (!shell->has_stats) {
		scanner_fail(scanner, position, "this shell holds no KernelStats");
		return;
	}
	status = show_frames(shell);
	if (status == CAP_OK)
		status = show_pools(shell);
	if (status == CAP_OK)
		status = show_ledgers(shell);
	if (status != CAP_OK)
		shell_print(
		    shell, "%s: %s\n", cap_status_name(status), cap_status_sentence(status));
}

void
command_exit(struct shell *shell, struct scanner *scanner)
{
	uint32_t position = (scanner_peek(scanner), scanner->position);
	struct shell_text number = { "", 0 };
	uint32_t code = 0;

	if (!scanner_is_at_end(scanner))
		number = scanner_name(scanner, "an exit code");
	scanner_expect_end(scanner);
	for (uint32_t i = 0; i < number.size; i++) {
		if (number.bytes[i] < '0' || number.bytes[i] > '9' || code > 100) {
			scanner_fail(scanner, position, "an exit code from 0 to 100 was expected");
			return;
		}
		code = code * 10 + (uint32_t)(number.bytes[i] - '0');
	}
	if (code > 100)
		scanner_fail(scanner, position, "an exit code from 0 to 100 was expected");
	if (scanner->failed)
		return;
	shell->is_leaving = true;
	shell->exit_code = (int)code;
}
