/* SPDX-License-Identifier: Apache-2.0 */
/* Breadth first over all states of a scope; see explore.h. */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore_states.h"
#include "snapshot.h"

/* Where snapshots are not possible, each try begins with fresh memory: little is quick. */
#define ARENA_BYTES(processes) ((UINT64_C(1) << 18) + (UINT64_C(3) << 17) * (processes))

/* What is gone back to: the scene, and the state whose steps are tried. */
#define MARK_SCENE 0
#define MARK_STATE 1

/* Nothing here goes back: it stands on the stack, and in memory that it was given. */
struct exploration {
	const struct explore_scope *scope;
	struct explore_result result;
	struct simulation *simulation;
	struct model_prices prices;
	struct explore_states states;
	struct explore_actions actions; /* of the state that is looked at */
	struct explore_actions after;	/* of the one that a step led to */
	bool goes_back;			/* to marks, rather than through each step again */
};

/* The state that the model is in; false: it was known. */
static bool
state_add(struct exploration *exploration, uint32_t parent, const struct explore_action *action,
    uint32_t *index)
{
	uint8_t key[EXPLORE_KEY_BYTES_MAX];
	uint32_t bytes = explore_key(&exploration->simulation->model, exploration->scope, key);
	struct explore_state state = { .hash = explore_hash_of(key, bytes), .parent = parent };

	if (parent != EXPLORE_NO_STATE) {
		state.action = *action;
		state.depth = (uint16_t)(exploration->states.states[parent].depth + 1);
	}
	if (!explore_states_add(&exploration->states, &state, index))
		return false;
	exploration->result.level[state.depth]++;
	exploration->result.depth = state.depth;
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

static void
scene_make(struct exploration *exploration)
{
	struct simulation *simulation = exploration->simulation;

	simulation->step = 0;
	simulation->history_count = 0;
	simulation->user_data = 0;
	simulation_begin(simulation, &exploration->prices);
	explore_scene(simulation, exploration->scope);
}

/* From the scene, by the shortest path. What was compared when it was found is not again. */
static void
state_reach(struct exploration *exploration, uint32_t index)
{
	const struct explore_state *states = exploration->states.states;
	uint32_t path[EXPLORE_LEVELS_MAX];
	uint32_t count = 0;

	for (uint32_t i = index; states[i].parent != EXPLORE_NO_STATE; i = states[i].parent)
		path[count++] = i;
	if (exploration->goes_back)
		snapshot_return(MARK_SCENE);
	else
		scene_make(exploration);
	while (count != 0) {
		explore_apply(exploration->simulation, &states[path[--count]].action);
		reap_all(exploration->simulation);
	}
}

/* To the state whose steps are tried. */
static void
state_return(struct exploration *exploration, uint32_t index)
{
	if (exploration->goes_back)
		snapshot_return(MARK_STATE);
	else
		state_reach(exploration, index);
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
	struct explore_state *state = &exploration->states.states[index];

	explore_enumerate(exploration->simulation, exploration->scope, &exploration->after);
	if (state->action_count == 0)
		state->action_count = (uint16_t)exploration->after.count;
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

	state_return(exploration, from);
	explore_apply(simulation, action);
	if (exploration->scope->corrupt != NULL &&
	    exploration->result.steps >= exploration->scope->corrupt_step)
		(void)exploration->scope->corrupt(simulation);
	compare(simulation);
	reap_all(simulation);
	exploration->result.steps++;
	exploration->result.verbs[action->verb]++;
	if (simulation_failed(simulation))
		return;
	is_new = state_add(exploration, from, action, &to);
	check_same(exploration, to);
	if (is_new)
		check_end(exploration);
	exploration->result.idle_steps += to == from;
}

static void
expand(struct exploration *exploration, uint32_t index)
{
	state_reach(exploration, index);
	if (exploration->goes_back)
		snapshot_mark(MARK_STATE);
	explore_enumerate(exploration->simulation, exploration->scope, &exploration->actions);
	for (uint32_t i = 0;
	    i < exploration->actions.count && !simulation_failed(exploration->simulation); i++)
		try(exploration, index, &exploration->actions.action[i]);
}

/* Memory, the kernel's and the run's variables, and the model. */
static void
watch(struct exploration *exploration)
{
	struct snapshot_range ranges[3] = { { sim.arena, sim.arena_bytes },
		{ exploration->simulation, sizeof(*exploration->simulation) } };

	exploration->goes_back = snapshot_of_variables(&ranges[2]);
	if (exploration->goes_back)
		snapshot_start(ranges, 3);
}

static void
run(struct exploration *exploration)
{
	uint32_t first;
	uint32_t next = 0;

	scene_make(exploration);
	compare(exploration->simulation);
	watch(exploration);
	(void)state_add(exploration, EXPLORE_NO_STATE, NULL, &first);
	check_end(exploration);
	while (next < exploration->states.count && !simulation_failed(exploration->simulation) &&
	    exploration->states.states[next].depth < exploration->scope->depth)
		expand(exploration, next++);
	exploration->result.is_closed = next == exploration->states.count;
	if (exploration->goes_back)
		snapshot_stop();
}

void
explore(const struct explore_scope *scope, struct explore_result *result)
{
	struct exploration exploration = { .scope = scope };
	struct simulation *simulation = calloc(1, sizeof(*simulation));

	if (simulation == NULL)
		abort();
	simulation->arena_bytes = ARENA_BYTES(scope->processes);
	simulation->explored = scope->name;
	exploration.simulation = simulation;
	machine_measure(&exploration.prices);
	run(&exploration);
	exploration.result.states = exploration.states.count;
	exploration.result.agreed = !simulation_failed(simulation);
	if (!exploration.result.agreed)
		simulation_print_failure(simulation);
	*result = exploration.result;
	explore_states_free(&exploration.states);
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
