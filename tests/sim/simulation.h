/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One run: the shipped kernel on the simulated machine, the model beside it, and a seed that says
 * what the processes do. A step does one thing to both, then everything that can be seen is
 * compared.
 */
#include "coverage.h"
#include "model.h"
#include "random.h"

#define SIMULATION_HISTORY 24
#define SIMULATION_WORDS 256
#define SIMULATION_TEXT 200

struct simulation {
	uint64_t seed;
	uint64_t arena_bytes; /* of the machine; 0: as usual */
	uint64_t step;	      /* so far */
	uint64_t operations;  /* so far */
	struct random random;
	struct model model;
	struct coverage coverage;
	/* The machine's side of each process of the model. */
	struct world_process processes[MODEL_PROCESSES];
	uint32_t completions_seen[MODEL_PROCESSES];
	struct model_word words[SIMULATION_WORDS]; /* of this step */
	uint32_t word_count;
	uint64_t user_data; /* of the next submission */
	bool is_batch; /* several in one entry: no long messages, whose copies would go on behind it
			*/
	/* The last things that were done. */
	char history[SIMULATION_HISTORY][SIMULATION_TEXT];
	uint32_t history_count;
	char failure[SIMULATION_TEXT * 2]; /* empty: none */
	const char *explored;		   /* the scope; NULL: a run of the seed */
	/* For shrink.h. */
	const bool *left_out; /* by step; NULL: none is */
	uint64_t last_step;   /* 0: as many as it takes */
	uint64_t *step_told;  /* where to say how far it is; NULL: nowhere */
	bool keeps_all;	      /* the history is printed as it is made */
	/*
	 * From that step on, until it says that it did: something is changed behind the model's
	 * back, so that the comparison can be seen to fail. 0: never.
	 */
	uint64_t corrupt_step;
	bool (*corrupt)(struct simulation *simulation);
	/* An endpoint that everybody calls for a while, and so many steps more. */
	struct model_object *flooded;
	uint32_t flood_steps;
};

/*
 * Run `operations` operations; true if kernel and model agree after each, and everything is as
 * before at the end. What was reached is in `coverage`. Prints what it finds on standard error.
 */
bool simulation_run(struct simulation *simulation, uint64_t operations);

/*
 * A fresh machine and a fresh model, without processes. The coverage so far, the seed and what was
 * noted stay. `prices`: from machine_measure().
 */
void simulation_begin(struct simulation *simulation, const struct model_prices *prices);
/* Everybody ends, all grants are revoked, and everything is as it was after the beginning. */
void simulation_end(struct simulation *simulation);
/* The last steps and the failure, on standard error. */
void simulation_print_failure(const struct simulation *simulation);

/* Keep the first failure. */
void simulation_fail(struct simulation *simulation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool simulation_failed(const struct simulation *simulation);
/* What is done now, for whoever reads a failure. */
void simulation_note(struct simulation *simulation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* machine.c: the kernel's side. */
/* With so much memory; 0: as usual. */
void machine_start(uint64_t arena_bytes);
void machine_measure(struct model_prices *prices);
struct model_process *
machine_born(struct simulation *simulation, uint32_t index, const uint64_t *limits);
/* The process is dead: nothing of it may be left. */
void machine_bury(struct simulation *simulation, uint32_t index);
void machine_give(struct simulation *simulation, struct model_process *process,
    struct model_object *object, uint16_t interface_index);
/* A hold on its own address space. */
void machine_give_space(struct simulation *simulation, struct model_process *process);
/* A notification of the process's own: both sides. */
void machine_give_notification(struct simulation *simulation, struct model_process *process);
/* Everything that waits to be done without a process. */
void machine_settle(void);
/* The completions that are new. */
void machine_collect(struct simulation *simulation);
/* Besides those of before. */
void machine_collect_more(struct simulation *simulation);
void machine_reap(struct simulation *simulation, struct model_process *process, uint32_t count);
void machine_write(struct simulation *simulation, struct model_process *process, uint64_t address,
    const void *from, size_t bytes);

/* compare.c, compare_queues.c */
void compare(struct simulation *simulation);
void compare_queues(struct simulation *simulation);
/* The kernel's one of an object that was not seen before: no other one is it. */
void compare_bind(struct simulation *simulation, struct model_object *object, const void *kernel);
/* At the end: nothing is held by anyone. */
void compare_baseline(struct simulation *simulation);
void baseline_take(void);

/* operations: submissions of one process. */
struct cap_sqe operation_call(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_receive(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_return(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_release(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_finish(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_nop(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_signal(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_wait_bits(struct simulation *simulation, struct model_process *process);
struct cap_sqe operation_reserved(struct simulation *simulation, struct model_process *process);

/* operation_system.c: everything else. */
void operation_time(struct simulation *simulation);
void operation_time_pass(struct simulation *simulation, uint64_t ns);
void operation_wait(struct simulation *simulation, struct model_process *process);
void operation_bad_entry(struct simulation *simulation, struct model_process *process);
void operation_corrupt_ring(struct simulation *simulation, struct model_process *process);
void operation_end(struct simulation *simulation, struct model_process *process);
void operation_end_as(struct simulation *simulation, struct model_process *process, bool kill);
/* The process enters with a long message, and somebody is killed between two steps of its copy. */
void operation_kill_in_copy(struct simulation *simulation, struct model_process *process);
void operation_born(struct simulation *simulation, uint32_t index);
void operation_give(struct simulation *simulation, struct model_process *process);
void operation_give_facet(
    struct simulation *simulation, struct model_process *process, struct model_object *endpoint);
/* Enter, let the machine settle, let the model do the same. */
void operation_enter(struct simulation *simulation, struct model_process *process,
    uint64_t min_complete, uint64_t deadline_ns);

/* operation_answer.c */
/* This process names answers: one alone does, so that it is known when what waits for them runs. */
bool operation_is_promiser(const struct model_process *process);
/* Answers that are there, and could be finished. */
uint32_t operation_answers_kept(const struct model_process *process);
/* Some answer is to come. */
bool operation_awaits_answers(const struct model *model);
/* A CALL may name its answer, or go to a capability of one; others keep to the general way. */
void operation_promise(
    struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe);
/* A RETURN to a call that names its answer carries what can be called, mostly. */
void operation_answer_promise(
    struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe);
/* FINISH of an answer. */
struct cap_sqe
operation_finish_answer(struct simulation *simulation, struct model_process *process);
/* What waited for answers that are there, and is left to its process's own time, runs. */
void operation_catch_up(struct simulation *simulation);

/* operation_grant.c */
/* A capability of the process goes to another one by a grant. */
void operation_grant(struct simulation *simulation, struct model_process *process);
struct operation_grant {
	struct model_process *from;
	struct model_process *to;
	struct model_slot source; /* as it was */
	cap_id_t source_id;
	bool moves;
};
/* Both can pay for it. */
void operation_grant_make(struct simulation *simulation, const struct operation_grant *grant);
void operation_revoke_grant(struct simulation *simulation);
/* One grant, with those below it; no sweep yet. */
void operation_revoke_cell(struct simulation *simulation, struct model_cell *cell);
/* All grants, and nothing is swept: for the end of a run. */
void operation_revoke_all(struct simulation *simulation);
/* An object. */
void operation_revoke(struct simulation *simulation);
/* Every capability for it is dead from now on; no sweep yet. */
void operation_revoke_object(struct simulation *simulation, struct model_object *object);
/* The machine settles; `sweeps`: and what was begun by dead holds ends. */
void operation_sweep(struct simulation *simulation, bool sweeps);

/* operation_parts.c: what submissions are made of. */
typedef bool (*slot_wanted_fn)(const struct model_process *process, const struct model_slot *slot);
/* A random slot that is wanted, or NULL. */
struct model_slot *
part_slot(struct simulation *simulation, struct model_process *process, slot_wanted_fn wanted);
/* An id that names nothing, or no longer. */
cap_id_t part_bad_id(struct simulation *simulation, struct model_process *process);
/* Every second one as most are: no flag, capability or deadline, and whole words. */
void part_plain(struct simulation *simulation, struct cap_sqe *sqe);
/* Room to build a message in; or an address that is not good for one. */
uint64_t part_source(struct simulation *simulation, struct model_process *process, uint64_t bytes);
/* Room for an answer that no other op of the process uses; 0: none. */
uint64_t part_result(struct simulation *simulation, struct model_process *process, uint64_t bytes);
uint64_t part_bad_source(struct simulation *simulation);
uint64_t part_bad_result(struct simulation *simulation);
uint64_t part_deadline(struct simulation *simulation);
/* Random bytes and transfer entries at sqe->addr; sets xfer_count. */
void
part_payload(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe);
void
part_transfers(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe);
uint32_t part_length(struct simulation *simulation);
