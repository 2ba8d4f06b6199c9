/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Making and ending processes. What other modules see of one is in cap/process.h; README.md has the
 * states.
 *
 * A process under construction belongs to its builder: process_abandon() undoes everything. From
 * process_start() on it lives until it exits, and its record until it is dead and the last handle
 * is gone.
 */
#include "cap/process.h"
#include "time/token_bucket.h"

#define PROCESS_NAME_BYTES 32

struct ring_tap;

struct process_limits {
	uint64_t limit[LEDGER_RESOURCE_COUNT]; /* 0: the default */
	struct ledger *group;		       /* above the process's; NULL: boot */
};

void process_module_init(void);

/*
 * An empty process, with an address space, a table and a CapSet page; its memory is charged to a
 * ledger of its own, its record to `payer`. CAP_ERR_NAME_TOO_LONG (also for bytes that names may
 * not have), CAP_ERR_QUOTA_EXCEEDED, CAP_ERR_NO_MEMORY.
 */
MUST_CHECK enum cap_status process_create(struct ledger *payer, const char *name, size_t name_bytes,
    const struct process_limits *limits, struct process **out);
/* Undo a process that was never started, in bounded steps: after JOB_DONE it is gone. */
enum job_state process_abandon_step(struct process *process);
/* The same at once, for one in which little was made. */
void process_abandon(struct process *process);

struct process_grant {
	const char *name;
	size_t name_bytes;
	struct cap_hold hold; /* its reference is taken over on success */
	uint32_t origin_pid;  /* 0: made by the kernel */
};
/*
 * One more entry of the CapSet, also while the process runs. CAP_ERR_NAME_TOO_LONG,
 * CAP_ERR_NAME_IN_USE, CAP_ERR_CAP_SET_FULL, and what cap_table_add() refuses with; nothing is
 * changed then.
 */
MUST_CHECK enum cap_status
process_grant(struct process *process, const struct process_grant *grant);
/* It is being made, or runs. */
bool process_takes_grants(const struct process *process);

struct process_entry {
	uaddr_t entry;
	uint64_t stack_bytes; /* 0: the default */
	uint64_t tls_bytes;
	struct ring_tap *tap; /* of its first thread's ring; NULL: none */
};
/*
 * Stack, thread-local storage, ring, thread: then it runs. CAP_ERR_INVALID_ARGUMENT,
 * CAP_ERR_ADDRESS_IN_USE and shortages; the process can only be abandoned after a failure.
 */
MUST_CHECK enum cap_status
process_start(struct process *process, const struct process_entry *entry);

/* The running thread's process ends; its remains are a reap job. The exit hook of dispatch/. */
void process_exit(struct thread *thread, const struct process_exit *exit);

/* How the process ended, and whether it still runs. Valid while the process's handle is held. */
bool process_is_running(const struct process *process);
const struct process_exit *process_exit_status(const struct process *process);

/*
 * Tap the ring of a running process, or (NULL) no more; false: it has ended, or has a tap already.
 * Its handle is held. Lock: LOCK_RANK_PROCESS, inside.
 */
MUST_CHECK bool process_tap_set(struct process *process, struct ring_tap *tap);

/* The object of ProcessHandle, embedded in the process's record; counted for the record's life. */
struct object *process_handle_object(struct process *process);
struct process *process_of_handle(struct object *object);
/* The object of ProcessControl, which is made once, at the start: one reference. */
struct object *process_control_make(struct process *process);
struct process *process_of_control(struct object *object);
/* The one op that waits for the end; NULL: none. Cleared by the end. */
struct op **process_waiter(struct process *process);

/*
 * What the process writes to the kernel's log: at most PROCESS_LOG_BYTES_PER_SECOND, and a burst.
 * Guarded by the process lock.
 */
#define PROCESS_LOG_BYTES_PER_SECOND 65536
#define PROCESS_LOG_BURST_BYTES 262144
struct process_log {
	struct token_bucket bucket;
	uint64_t refused_bytes; /* in all */
	uint64_t told_bytes;	/* of them, those that a line on the log has told of */
};
/*
 * May it write `bytes` now? CAP_ERR_RATE_LIMITED: no, and they are counted. *refused: bytes that
 * were refused since the last time it might.
 */
MUST_CHECK enum cap_status
process_log_take(struct process *process, uint32_t bytes, uint64_t *refused);
uint64_t process_log_refused_bytes(const struct process *process);

/* The permission map for I/O ports, made and charged at the first port; NULL: none. */
MUST_CHECK enum cap_status process_io_bitmap_make(struct process *process, uint8_t **out);
uint8_t *process_io_bitmap(struct process *process);

/* For statistics: the started process with the lowest pid above `pid`; NULL: none. No reference is
 * taken. */
struct process *process_after(int64_t pid);
/* The first process that is being made or runs, with this pid or a higher one; NULL: none. */
struct process *process_from(uint32_t pid);

/* [A-Za-z0-9._-], 1 to 31 bytes. */
bool name_is_valid(const char *name, size_t bytes);

/* What object/ gives: the type of handles, and whoever completes a wait. */
struct process_hooks {
	const struct object_type *handle_type;
	const struct object_type *control_type;
	void (*ended)(struct process *process); /* complete process_waiter() */
};
/* The machine has nothing to do without this process: `ended` is called when it is dead. */
void process_vital_set(struct process *process, void (*ended)(const struct process_exit *exit));
void process_hooks_set(const struct process_hooks *hooks);
/* The last handle is gone, and the process is dead. Of handle_type.destroy. */
enum job_state process_record_free(struct object *object);
