/* SPDX-License-Identifier: Apache-2.0 */
/* Breadth first over all states of a scope; see explore.h. */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each try begins with fresh memory: little is quick. */
#define ARENA_BYTES(processes) ((UINT64_C(1) << 18) + (UINT64_C(3) << 17) * (processes))
#define NO_STATE UINT32_MAX

/* A state is known by its key, and reached by one action from the state before it. */
struct state {
	uint32_t parent;
	uint32_t depth;
	struct explore_action action;
	uint32_t next;	       /* of the same bucket */
	uint32_t action_count; /* that can be done in it */
	uint32_t key_bytes;
	const uint8_t *key;
};

struct exploration {
	const struct explore_scope *scope;
	struct explore_result *result;
	struct simulation *simulation;
	struct model_prices prices;
	struct state *states;
	uint32_t state_count;
	uint32_t state_room;
	uint32_t *buckets; /* a power of two */
	uint32_t bucket_count;
	struct explore_actions actions; /* of the state that is looked at */
	struct explore_actions after;	/* of the one that a step led to */
};

static void *
room_for(void *old, size_t count, size_t bytes)
{
	void *made = reallocarray(old, count, bytes);

	if (made == NULL)
		abort();
	return made;
}

static uint32_t
hash_of(const uint8_t *key, uint32_t bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < bytes; i++)
		hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(hash ^ hash >> 32);
}

static void
bucket_add(struct exploration *exploration, uint32_t index)
{
	struct state *state = &exploration->states[index];
	uint32_t *bucket =
	    &exploration
		 ->buckets[hash_of(state->key, state->key_bytes) & (exploration->bucket_count - 1)];

	state->next = *bucket;
	*bucket = index;
}

static void
grow(struct exploration *exploration)
{
	uint32_t room = exploration->state_room == 0 ? 1024 : exploration->state_room * 2;

	exploration->states = room_for(exploration->states, room, sizeof(struct state));
	exploration->state_room = room;
	exploration->buckets = room_for(exploration->buckets, room, sizeof(uint32_t));
	exploration->bucket_count = room;
	memset(exploration->buckets, 0xff, room * sizeof(uint32_t));
	for (uint32_t i = 0; i < exploration->state_count; i++)
		bucket_add(exploration, i);
}

/* The state that the model is in; false: it was known. */
static bool
state_add(struct exploration *exploration, uint32_t parent, const struct explore_action *action,
    uint32_t *index)
{
	uint8_t key[EXPLORE_KEY_BYTES_MAX];
	uint32_t bytes = explore_key(&exploration->simulation->model, exploration->scope, key);
	struct state *state;
	uint8_t *kept;

	if (exploration->state_count == exploration->state_room)
		grow(exploration);
	*index = exploration->buckets[hash_of(key, bytes) & (exploration->bucket_count - 1)];
	for (; *index != NO_STATE; *index = exploration->states[*index].next)
		if (exploration->states[*index].key_bytes == bytes &&
		    memcmp(exploration->states[*index].key, key, bytes) == 0)
			return false;
	kept = room_for(NULL, bytes, 1);
	memcpy(kept, key, bytes);
	*index = exploration->state_count++;
	state = &exploration->states[*index];
	*state = (struct state){ .parent = parent, .key_bytes = bytes, .key = kept };
	if (parent != NO_STATE) {
		state->action = *action;
		state->depth = exploration->states[parent].depth + 1;
	}
	bucket_add(exploration, *index);
	exploration->result->level[state->depth]++;
	exploration->result->depth = state->depth;
	return true;
}

/* Nobody has a completion left to read. */
static void
reap_all(struct simulation *simulation)
{
	for (uint32_t i = 0; i < EXPLORE_PROCESSES_MAX; i++)
		if (simulation->model.processes[i].alive)
			machine_reap(simulation, &simulation->model.processes[i],
			    simulation->model.processes[i].unread);
}

/* From the beginning, by the shortest path. What was compared when it was found is not again. */
static void
state_reach(struct exploration *exploration, uint32_t index)
{
	struct simulation *simulation = exploration->simulation;
	uint32_t path[EXPLORE_LEVELS_MAX];
	uint32_t count = 0;

	for (uint32_t i = index; exploration->states[i].parent != NO_STATE;
	    i = exploration->states[i].parent)
		path[count++] = i;
	simulation->step = 0;
	simulation->history_count = 0;
	simulation->user_data = 0;
	simulation_begin(simulation, &exploration->prices);
	explore_scene(simulation, exploration->scope);
	while (count != 0) {
		explore_apply(simulation, &exploration->states[path[--count]].action);
		reap_all(simulation);
	}
}

/* Everything can end from here, and leaves nothing behind. Read to the end: the run is over. */
static void
check_end(struct exploration *exploration)
{
	if (!simulation_failed(exploration->simulation))
		simulation_end(exploration->simulation);
}

/* What makes two states one must leave as much to be done in both. */
static void
check_same(struct exploration *exploration, uint32_t index)
{
	struct state *state = &exploration->states[index];

	explore_enumerate(exploration->simulation, exploration->scope, &exploration->after);
	if (state->action_count == 0)
		state->action_count = exploration->after.count;
	if (state->action_count != exploration->after.count)
		simulation_fail(exploration->simulation, "one state has %u steps, and %u",
		    state->action_count, exploration->after.count);
}

static void
try(struct exploration *exploration, uint32_t from, const struct explore_action *action)
{
	struct simulation *simulation = exploration->simulation;
	bool is_new;
	uint32_t to;

	state_reach(exploration, from);
	explore_apply(simulation, action);
	if (exploration->scope->corrupt != NULL &&
	    exploration->result->steps >= exploration->scope->corrupt_step)
		(void)exploration->scope->corrupt(simulation);
	compare(simulation);
	reap_all(simulation);
	exploration->result->steps++;
	exploration->result->verbs[action->verb]++;
	if (simulation_failed(simulation))
		return;
	is_new = state_add(exploration, from, action, &to);
	check_same(exploration, to);
	if (is_new)
		check_end(exploration);
	exploration->result->idle_steps += to == from;
}

static void
expand(struct exploration *exploration, uint32_t index)
{
	state_reach(exploration, index);
	explore_enumerate(exploration->simulation, exploration->scope, &exploration->actions);
	for (uint32_t i = 0;
	    i < exploration->actions.count && !simulation_failed(exploration->simulation); i++)
		try(exploration, index, &exploration->actions.action[i]);
}

static void
run(struct exploration *exploration)
{
	uint32_t first;
	uint32_t next = 0;

	simulation_begin(exploration->simulation, &exploration->prices);
	explore_scene(exploration->simulation, exploration->scope);
	compare(exploration->simulation);
	(void)state_add(exploration, NO_STATE, NULL, &first);
	check_end(exploration);
	while (next < exploration->state_count && !simulation_failed(exploration->simulation) &&
	    exploration->states[next].depth < exploration->scope->depth)
		expand(exploration, next++);
	exploration->result->is_closed = next == exploration->state_count;
}

void
explore(const struct explore_scope *scope, struct explore_result *result)
{
	struct exploration exploration = { .scope = scope, .result = result };
	struct simulation *simulation = calloc(1, sizeof(*simulation));

	if (simulation == NULL)
		abort();
	memset(result, 0, sizeof(*result));
	simulation->arena_bytes = ARENA_BYTES(scope->processes);
	exploration.simulation = simulation;
	machine_measure(&exploration.prices);
	run(&exploration);
	result->states = exploration.state_count;
	result->agreed = !simulation_failed(simulation);
	result->coverage = simulation->coverage;
	if (!result->agreed)
		simulation_print_failure(simulation);
	for (uint32_t i = 0; i < exploration.state_count; i++)
		free((void *)(uintptr_t)exploration.states[i].key);
	free(exploration.states);
	free(exploration.buckets);
	free(simulation);
}

void
explore_print(const struct explore_scope *scope, const struct explore_result *result)
{
	printf("%s: %u states, %llu steps, %llu of them to the same state, %u deep, %s\n",
	    scope->name, result->states, (unsigned long long)result->steps,
	    (unsigned long long)result->idle_steps, result->depth,
	    !result->agreed	    ? "kernel and model differ"
		: result->is_closed ? "nothing is left"
				    : "more is left");
	printf("  symmetry: processes, slots of a table, ops of a ring, calls that are served; no "
	       "generations, call ids, times, bytes\n  states by depth:");
	for (uint32_t i = 0; i <= result->depth; i++)
		printf(" %u", result->level[i]);
	printf("\n  steps:");
	for (uint32_t i = 0; i < EXPLORE_VERBS; i++)
		printf(" %s %llu", explore_verb_name(i), (unsigned long long)result->verbs[i]);
	printf("\n");
}

bool
explore_is_expected(const struct explore_scope *scope, const struct explore_result *result)
{
	if (result->states == scope->states && result->steps == scope->steps &&
	    result->is_closed == (scope->depth == UINT32_MAX))
		return true;
	printf("%s: expected %u states, %llu steps\n", scope->name, scope->states,
	    (unsigned long long)scope->steps);
	return false;
}
