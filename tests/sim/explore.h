/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Everything that a few processes with a few capabilities can do, breadth first: each state of the
 * model that can be reached is reached on the shipped kernel by its shortest path, and everything
 * that can be done in it is done there, on both sides, and compared. Two states are one if they
 * differ only in names: see explore_key().
 */
#include "simulation.h"

#define EXPLORE_PROCESSES_MAX 3
#define EXPLORE_SLOTS_MAX 4
#define EXPLORE_IN_FLIGHT_MAX 3
#define EXPLORE_ACTIONS_MAX 2048
#define EXPLORE_KEY_BYTES_MAX 512
#define EXPLORE_LEVELS_MAX 64
#define EXPLORE_NO_CALL UINT8_MAX

enum explore_verb {
	EXPLORE_CALL,	 /* of a facet */
	EXPLORE_MAKE,	 /* the Endpoint makes a facet, the Notification a signaller */
	EXPLORE_RECEIVE, /* by any capability */
	EXPLORE_RETURN,
	EXPLORE_THROW,	    /* RETURN of an exception */
	EXPLORE_TURN,	    /* RETURN that goes on as a RECV */
	EXPLORE_THROW_TURN, /* the same with an exception */
	EXPLORE_RELEASE,
	EXPLORE_FINISH,
	EXPLORE_SIGNAL,
	EXPLORE_WAIT,  /* for bits */
	EXPLORE_ENTER, /* until something completes */
	EXPLORE_TIME,  /* passes all deadlines */
	EXPLORE_EXIT,
	EXPLORE_REVOKE, /* an object */
	EXPLORE_GRANT,
	EXPLORE_REVOKE_GRANT,
	EXPLORE_SWEEP, /* what was begun by dead holds ends */
	EXPLORE_VERBS,
};
#define EXPLORE_BIT(verb) (UINT32_C(1) << (verb))
#define EXPLORE_ALL (EXPLORE_BIT(EXPLORE_VERBS) - 1)
/* Those that a process puts into its ring. */
#define EXPLORE_SUBMITTED (EXPLORE_BIT(EXPLORE_WAIT + 1) - 1)

/* What one capability of the beginning is. */
enum explore_hold {
	EXPLORE_NOTHING,
	EXPLORE_OWNER, /* of the endpoint */
	EXPLORE_FACET,
	EXPLORE_OTHER_OWNER, /* of a second one */
	EXPLORE_OTHER_FACET,
	EXPLORE_WAITER,	   /* the Notification */
	EXPLORE_SIGNALLER, /* of it */
	EXPLORE_HOLDS,
};

struct explore_scope {
	const char *name;
	uint32_t processes;
	uint32_t slots;	    /* capabilities that a process may hold, reserved ones included */
	uint32_t in_flight; /* ops of one process */
	uint32_t cells;	    /* grants */
	uint32_t depth;	    /* steps; UINT32_MAX: until nothing is new */
	uint32_t verbs;	    /* a bit for each */
	/*
	 * One way of each step: nothing is late, whoever can take a capability does, what goes is
	 * moved, and nothing is used as what it is not.
	 */
	bool is_lean;
	bool is_late; /* what waits may have a deadline even so */
	bool is_used; /* the memory that rings take for deadlines, and owners for calls, is there */
	uint8_t holds[EXPLORE_PROCESSES_MAX][EXPLORE_SLOTS_MAX]; /* enum explore_hold */
	/* How much that is. */
	uint32_t states;
	uint64_t steps;
	/* May be NULL: changes something behind the model's back, from that step on. */
	bool (*corrupt)(struct simulation *simulation);
	uint64_t corrupt_step;
};

struct explore_action {
	uint8_t verb;
	uint8_t process;
	uint8_t index;	 /* of a slot, an op, a call, an object or a cell: the verb says */
	uint8_t carries; /* 0: nothing; else how: enum cap_transfer_mode */
	uint8_t carried; /* the slot */
	uint8_t cap_max;
	uint8_t is_late;  /* has a deadline */
	uint8_t receiver; /* of a grant: a process; of a turn: the slot that it receives by */
};

struct explore_actions {
	struct explore_action action[EXPLORE_ACTIONS_MAX];
	uint32_t count;
};

struct explore_result {
	uint32_t states;
	uint64_t steps;			    /* tried, each in one state */
	uint64_t idle_steps;		    /* of them those that led back to the same state */
	uint32_t depth;			    /* of the deepest state */
	uint32_t level[EXPLORE_LEVELS_MAX]; /* states first reached by so many steps */
	uint64_t verbs[EXPLORE_VERBS];
	bool is_closed; /* nothing is left to be tried */
	bool agreed;
};

/* Prints a difference as a run does, with the path to it. */
void explore(const struct explore_scope *scope, struct explore_result *result);
void explore_print(const struct explore_scope *scope, const struct explore_result *result);
/* All that there is, and no more; prints what was expected. */
bool explore_is_expected(const struct explore_scope *scope, const struct explore_result *result);

/* explore_scopes.c: by name; NULL: there is none. */
const struct explore_scope *explore_scope_find(const char *name);

/* explore_scene.c: processes and what they hold at the beginning. */
void explore_scene(struct simulation *simulation, const struct explore_scope *scope);

/* explore_action.c */
/* Everything that can be done now. */
void explore_enumerate(struct simulation *simulation, const struct explore_scope *scope,
    struct explore_actions *actions);
/* On both sides. */
void explore_apply(struct simulation *simulation, const struct explore_action *action);
const char *explore_verb_name(enum explore_verb verb);

/* explore_key.c */
/* The state without its names, the same for all that differ in these alone: bytes written. */
uint32_t explore_key(const struct model *model, const struct explore_scope *scope, uint8_t *key);
/* The same hold, and named by the same waiting calls. */
bool explore_slots_are_alike(
    const struct model *model, const struct model_process *process, uint32_t one, uint32_t other);
