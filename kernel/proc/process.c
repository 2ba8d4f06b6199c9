/* SPDX-License-Identifier: Apache-2.0 */
/* Making processes, and their list; see process.h. */
#include "proc/process.h"

#include <core/string.h>

#include "arch/clock.h"
#include "base/assert.h"
#include "mm/frame.h"
#include "mm/pool.h"
#include "proc/process_internal.h"

static const uint64_t default_limits[LEDGER_RESOURCE_COUNT] = {
	[LEDGER_FRAME_PAGES] = 4096,
	[LEDGER_VIRTUAL_PAGES] = 262144,
	[LEDGER_KERNEL_BYTES] = 262144,
	[LEDGER_CAP_SLOTS] = 256,
	[LEDGER_ENDPOINT_CALLS] = 128,
	[LEDGER_OUTSTANDING_CALLS] = 64,
};

static struct pool record_pool;
static struct list_node processes;
static uint32_t next_pid;
static struct process_hooks hooks;
static struct process *vital_process;
static void (*vital_ended)(const struct process_exit *exit);

void
process_module_init(void)
{
	pool_init(&record_pool, "process", sizeof(struct process_record));
	list_init(&processes);
	next_pid = 1;
}

void
process_hooks_set(const struct process_hooks *given)
{
	hooks = *given;
}

void
process_vital_set(struct process *process, void (*ended)(const struct process_exit *exit))
{
	vital_process = process;
	vital_ended = ended;
}

bool
name_is_valid(const char *name, size_t bytes)
{
	if (bytes == 0 || bytes >= PROCESS_NAME_BYTES)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		char byte = name[i];
		bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');

		if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_' &&
		    byte != '.')
			return false;
	}
	return true;
}

/* The parts in the order of need; what exists is given back by the caller if one fails. */
static enum cap_status
make_parts(struct process_record *record, const struct process_limits *limits)
{
	struct process *process = &record->process;
	uint64_t limit[LEDGER_RESOURCE_COUNT];
	enum cap_status status;

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		limit[i] = limits->limit[i] != 0 ? limits->limit[i] : default_limits[i];
	status = ledger_create(
	    limits->group != NULL ? limits->group : &ledger_boot, limit, &process->ledger);
	if (status == CAP_OK)
		status = address_space_create(process->ledger, &process->space);
	if (status == CAP_OK)
		status = cap_table_create(process->ledger, &process->lock, &process->table);
	if (status == CAP_OK)
		status = capset_create(record);
	return status;
}

enum cap_status
process_create(struct ledger *payer, const char *name, size_t name_bytes,
    const struct process_limits *limits, struct process **out)
{
	struct process_record *record;
	void *memory;
	enum cap_status status;

	if (!name_is_valid(name, name_bytes))
		return CAP_ERR_NAME_TOO_LONG;
	if (next_pid == UINT32_MAX)
		return CAP_ERR_QUOTA_EXCEEDED; /* a number is never used twice */
	status = pool_alloc(&record_pool, payer, &memory);
	if (status != CAP_OK)
		return status;
	record = memory;
	record->payer = payer;
	ledger_get(payer);
	spin_init(&record->process.lock, LOCK_RANK_PROCESS, next_pid);
	record->process.pid = next_pid++;
	memcpy(record->process.name, name, name_bytes);
	/* From here on, so that the list is in the order of pids: they are not started in that
	 * order. */
	list_append(&processes, &record->all);
	object_init(&record->handle, hooks.handle_type);
	status = make_parts(record, limits);
	if (status != CAP_OK) {
		process_abandon(&record->process);
		return status;
	}
	*out = &record->process;
	return CAP_OK;
}

enum job_state
process_parts_free_step(struct process_record *record)
{
	struct process *process = &record->process;

	if (process->table != NULL) {
		if (cap_table_destroy_step(process->table) == JOB_DONE)
			process->table = NULL;
		return JOB_AGAIN;
	}
	if (process->space != NULL) {
		if (address_space_destroy_step(process->space) == JOB_DONE)
			process->space = NULL;
		return JOB_AGAIN;
	}
	if (record->io_bitmap != NULL) {
		frame_free(process->ledger, arch_direct_unmap(record->io_bitmap));
		frame_free(process->ledger, arch_direct_unmap(record->io_bitmap) + PAGE_BYTES);
	}
	record->io_bitmap = NULL;
	if (process->ledger != NULL)
		ledger_put(process->ledger);
	process->ledger = NULL;
	return JOB_DONE;
}

enum job_state
process_abandon_step(struct process *process)
{
	struct process_record *record = record_of(process);
	struct ledger *payer = record->payer;

	KASSERT(process->state == PROCESS_BUILDING);
	if (process_parts_free_step(record) == JOB_AGAIN)
		return JOB_AGAIN;
	list_remove(&record->all);
	pool_free(&record_pool, payer, record);
	ledger_put(payer);
	return JOB_DONE;
}

void
process_abandon(struct process *process)
{
	while (process_abandon_step(process) == JOB_AGAIN)
		;
}

enum job_state
process_record_free(struct object *object)
{
	struct process_record *record = LIST_ENTRY(object, struct process_record, handle);
	struct ledger *payer = record->payer;

	KASSERT(record->process.state == PROCESS_DEAD);
	pool_free(&record_pool, payer, record);
	ledger_put(payer);
	return JOB_DONE;
}

struct process *
process_after(int64_t pid)
{
	for (struct list_node *node = processes.next; node != &processes; node = node->next) {
		struct process_record *record = LIST_ENTRY(node, struct process_record, all);

		if ((int64_t)record->process.pid > pid && process_is_running(&record->process))
			return &record->process;
	}
	return NULL;
}

struct process *
process_from(uint32_t pid)
{
	for (struct list_node *node = processes.next; node != &processes; node = node->next) {
		struct process *process = &LIST_ENTRY(node, struct process_record, all)->process;

		if (process->pid >= pid && process_takes_grants(process))
			return process;
	}
	return NULL;
}

bool
process_takes_grants(const struct process *process)
{
	return process->state == PROCESS_BUILDING || process->state == PROCESS_RUNNING;
}

bool
process_is_running(const struct process *process)
{
	return process->state == PROCESS_RUNNING || process->state == PROCESS_EXITING;
}

const struct process_exit *
process_exit_status(const struct process *process)
{
	return &((const struct process_record *)process)->exit;
}

struct object *
process_handle_object(struct process *process)
{
	return &record_of(process)->handle;
}

struct process *
process_of_handle(struct object *object)
{
	return &LIST_ENTRY(object, struct process_record, handle)->process;
}

struct object *
process_control_make(struct process *process)
{
	struct process_record *record = record_of(process);

	object_init(&record->control, hooks.control_type);
	object_get(&record->handle);
	return &record->control;
}

struct process *
process_of_control(struct object *object)
{
	return &LIST_ENTRY(object, struct process_record, control)->process;
}

struct op **
process_waiter(struct process *process)
{
	return &record_of(process)->waiter;
}

enum cap_status
process_log_take(struct process *process, uint32_t bytes, uint64_t *refused)
{
	static const struct token_rate rate = { PROCESS_LOG_BYTES_PER_SECOND,
		PROCESS_LOG_BURST_BYTES };
	struct process_log *log = &record_of(process)->log;
	bool may;

	spin_lock(&process->lock);
	may = token_bucket_take(&log->bucket, &rate, arch_clock_now_ns(), bytes);
	if (may) {
		*refused = log->refused_bytes - log->told_bytes;
		log->told_bytes = log->refused_bytes;
	} else {
		log->refused_bytes += bytes;
	}
	spin_unlock(&process->lock);
	return may ? CAP_OK : CAP_ERR_RATE_LIMITED;
}

uint64_t
process_log_refused_bytes(const struct process *process)
{
	return ((const struct process_record *)process)->log.refused_bytes;
}

enum cap_status
process_io_bitmap_make(struct process *process, uint8_t **out)
{
	struct process_record *record = record_of(process);
	paddr_t frames;
	enum cap_status status;

	if (record->io_bitmap == NULL) {
		status = frame_alloc_contiguous(process->ledger, 2, &frames);
		if (status != CAP_OK)
			return status;
		record->io_bitmap = arch_direct_map(frames);
		memset(record->io_bitmap, 0xff, 2 * PAGE_BYTES);
	}
	*out = record->io_bitmap;
	return CAP_OK;
}

uint8_t *
process_io_bitmap(struct process *process)
{
	return record_of(process)->io_bitmap;
}

/* The end of a teardown; here because it needs the hook. */
void process_ended(struct process_record *record);

void
process_ended(struct process_record *record)
{
	record->process.state = PROCESS_DEAD;
	list_remove(&record->all);
	if (&record->process == vital_process)
		vital_ended(&record->exit);
	hooks.ended(&record->process);
	object_put(&record->handle);
}
