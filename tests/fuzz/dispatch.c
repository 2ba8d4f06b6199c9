/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's core on the simulated machine: the input is what two hostile processes do. Nothing
 * may panic, and when both are gone, every frame and every charge is back.
 */
#include <sanitizer/asan_interface.h>

#include "arch/sim/world.h"
#include "fuzz.h"
#include "ipc/endpoint.h"
#include "mm/frame.h"
#include "object/endpoint.h"
#include "object/memory.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/ring_tap.h"
#include "object/timer.h"
#include "proc/process.h"

#define STEPS_MAX 200
#define ARENA_BYTES (UINT64_C(1) << 20)
#define CAPS 16

struct input {
	const uint8_t *bytes;
	size_t left;
};

struct actor {
	struct world_process process;
	cap_id_t caps[CAPS];
	uint32_t cap_count;
};

static struct actor actors[2];

/*
 * The kernel leaves by longjmp: after each one the sanitizer would look through all of its fake
 * stacks, which is nine tenths of the time. The other targets look for uses after return.
 */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

/*
 * Called before each call that does not return, in place of the sanitizer's own (rules.mk), which
 * asks the system for the bounds of its stacks and clears one to its end: two thirds of the time.
 * Only the frames within the kernel are left.
 */
void __wrap___asan_handle_no_return(void);
__attribute__((no_sanitize("address"))) void
__wrap___asan_handle_no_return(void)
{
	const char *here = __builtin_frame_address(0);
	const char *end = sim.entered_from;

	if (here < end)
		__asan_unpoison_memory_region(here, (size_t)(end - here));
}

static uint64_t
take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > input->left)
		bytes = input->left;
	memcpy(&value, input->bytes, bytes);
	input->bytes += bytes;
	input->left -= bytes;
	return value;
}

static void
give(struct actor *to, struct object *object, uint16_t interface_index)
{
	to->caps[to->cap_count++] = world_give(&to->process, object, interface_index);
}

/* Each serves an endpoint, calls both, and holds objects of the kernel. */
static void
start_actors(void)
{
	struct endpoint *endpoints[2];
	uint16_t index = 0;

	memset(actors, 0, sizeof(actors));
	for (uint32_t i = 0; i < 2; i++) {
		actors[i].process = world_process(NULL);
		fuzz_require(
		    endpoint_create(actors[i].process.process->ledger, &endpoints[i]) == CAP_OK);
		fuzz_require(endpoint_facet(endpoints[i], 0x1234, &index) == CAP_OK);
		give(&actors[i], endpoint_object(endpoints[i]), 0);
	}
	for (uint32_t i = 0; i < 2; i++) {
		struct object *memory;

		give(&actors[i], endpoint_object(endpoints[0]), index);
		give(&actors[i], endpoint_object(endpoints[1]), index);
		give(&actors[i], timer_object(), 0);
		give(&actors[i], endpoint_factory_object(), 0);
		give(&actors[i], frame_allocator_object(), 0);
		give(&actors[i], kernel_stats_object(), 0);
		give(&actors[i], null_cap_object(), 0);
		give(&actors[i], notification_factory_object(), 0);
		fuzz_require(virtual_memory_create(actors[i].process.process, &memory) == CAP_OK);
		give(&actors[i], memory, 0);
		object_put(memory);
		/* Each may watch the other. */
		give(&actors[i], tap_factory_object(), 0);
		give(&actors[i], payload_tap_factory_object(), 0);
		give(&actors[i], process_handle_object(actors[1 - i].process.process), 0);
	}
	for (uint32_t i = 0; i < 2; i++)
		object_put(endpoint_object(endpoints[i]));
}

static bool
is_alive(const struct actor *actor)
{
	return actor->process.process->state == PROCESS_RUNNING;
}

/* An address that often is one. */
static uaddr_t
take_address(struct input *input, const struct actor *actor)
{
	switch (take(input, 1) % 8) {
	case 0:
		return take(input, 8);
	case 1:
		return WORLD_DATA + take(input, 3);
	case 2:
		return WORLD_READ_ONLY + take(input, 1);
	default:
		return actor->process.message + take(input, 1) * 8;
	}
}

/* Anything, around the largest messages, or short. */
static uint32_t
take_length(struct input *input)
{
	switch (take(input, 1) % 8) {
	case 0:
		return (uint32_t)take(input, 4);
	case 1:
		return (uint32_t)take(input, 2) * 2;
	default:
		return (uint32_t)take(input, 1) * 8;
	}
}

static uint64_t
take_target(struct input *input, const struct actor *actor, uint8_t op)
{
	switch (take(input, 1) % 8) {
	case 0:
		return take(input, 8);
	case 1:
		return take(input, 1); /* user data of an op, or nothing */
	default:
		if (op == CAP_OP_RETURN)
			return (take(input, 1) % 16 + 1) << 16 | take(input, 1) % 4;
		return actor->caps[take(input, 1) % actor->cap_count];
	}
}

/* An answer gets a name, a call is made on one, or one is finished: of a few names. */
static void
pipeline(struct input *input, struct cap_sqe *sqe, uint8_t how)
{
	uint64_t id = take(input, 1) % 5;

	if (sqe->op == CAP_OP_FINISH) {
		sqe->flags = CAP_SQE_ANSWER;
		sqe->target = id;
	}
	if (sqe->op == CAP_OP_RETURN)
		sqe->xfer_count = (uint8_t)(how % 3);
	if (sqe->op != CAP_OP_CALL)
		return;
	if (how != 7) {
		sqe->answer_id = (uint32_t)take(input, 1) % 5;
		sqe->flags |= how == 8 ? CAP_SQE_ANSWER_ONLY : 0;
	}
	if (how <= 7) {
		sqe->flags |= how == 6 ? CAP_SQE_PROMISED | CAP_SQE_LAST : CAP_SQE_PROMISED;
		sqe->target = CAP_PROMISE(id, take(input, 1) % 3);
	}
}

static void
submit(struct input *input, struct actor *actor)
{
	struct cap_sqe sqe = { .op = (uint8_t)(take(input, 1) % 8) };
	uint8_t oddity = (uint8_t)take(input, 1);

	sqe.target = take_target(input, actor, sqe.op);
	sqe.user_data = take(input, 1);
	if (sqe.op == CAP_OP_CALL || sqe.op == CAP_OP_RETURN || oddity % 16 == 0) {
		sqe.method = sqe.op == CAP_OP_CALL ? take(input, 1) % 8 : 0;
		sqe.addr = take_address(input, actor);
		sqe.len = take_length(input);
		sqe.xfer_count = take(input, 1) % 16 == 0 ? (uint8_t)take(input, 1) : 0;
	}
	if (sqe.op == CAP_OP_CALL || sqe.op == CAP_OP_RECV || oddity % 16 == 0) {
		sqe.result_addr = take_address(input, actor);
		sqe.result_len = take_length(input);
		sqe.cap_max = (uint8_t)(take(input, 1) % 10);
	}
	if (oddity % 16 == 1)
		sqe.flags = (uint8_t)take(input, 1);
	if (oddity % 16 == 2)
		sqe.deadline_ns = take(input, 2);
	if (oddity % 16 == 3)
		sqe.reserved = (uint16_t)take(input, 2);
	if (oddity % 16 >= 5 && oddity % 16 <= 9)
		pipeline(input, &sqe, oddity % 16);
	if (oddity % 16 == 4)
		memcpy(&sqe, &(uint64_t){ take(input, 8) }, 8);
	world_submit(&actor->process, &sqe);
}

/* A message, or what looks like one: a small word size with a root behind it. */
static void
write_message(struct input *input, struct actor *actor)
{
	uint64_t words[6];
	uint32_t count = (uint32_t)(take(input, 1) % 6) + 1;

	words[0] = (uint64_t)(count - 1) << 32;
	for (uint32_t i = 1; i < count; i++)
		words[i] = take(input, 1) % 2 == 0 ? take(input, 8) : take(input, 1);
	if (take(input, 1) % 8 == 0)
		words[0] = take(input, 8);
	world_write(&actor->process, actor->process.message + take(input, 1) % 64 * 8, words,
	    count * sizeof(words[0]));
}

static void
write_transfer(struct input *input, struct actor *actor)
{
	struct cap_transfer entry = { .cap_id = take_target(input, actor, CAP_OP_CALL),
		.mode = (uint8_t)(take(input, 1) % 4) };

	world_write(&actor->process, actor->process.message + take(input, 1) % 64 * 8, &entry,
	    sizeof(entry));
}

static void
enter(struct input *input, struct actor *actor)
{
	uint64_t wanted = take(input, 1) % 4;

	(void)world_enter(&actor->process, wanted, wanted == 3 ? CAP_DEADLINE_NONE : 0);
}

static void
reap(struct actor *actor)
{
	struct cap_cqe cqe;

	/* A forged head may stand anywhere. */
	for (uint32_t i = 0; i < 32 && world_reap(&actor->process, &cqe); i++)
		if (cqe.cap_count != 0 && actor->cap_count < CAPS)
			actor->caps[actor->cap_count++] = cqe.cap_id;
}

static void
step(struct input *input)
{
	struct actor *actor = &actors[take(input, 1) % 2];

	if (!is_alive(actor))
		return;
	switch (take(input, 1) % 16) {
	case 0:
		(void)world_syscall(
		    &actor->process, take(input, 1), take(input, 8), take(input, 2));
		break;
	case 1:
		actor->process.ring->sq_tail += (uint32_t)take(input, 1);
		break;
	case 2:
		actor->process.ring->cq_head += (uint32_t)take(input, 1);
		break;
	case 3:
		sim_time_pass(take(input, 2));
		world_settle();
		break;
	case 4:
		frame_fail_after(take(input, 1));
		break;
	case 5:
		frame_fail_after(UINT64_MAX);
		break;
	case 6:
		write_transfer(input, actor);
		break;
	case 7:
	case 8:
		write_message(input, actor);
		break;
	case 9:
	case 10:
	case 11:
		enter(input, actor);
		break;
	case 12:
		reap(actor);
		break;
	default:
		submit(input, actor);
		break;
	}
}

/* A thread that waits in the kernel cannot leave by itself: it is ended from outside. */
static void
end_actors(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct process_exit killed = { .kind = 0 };

		if (is_alive(&actors[i]))
			process_exit(actors[i].process.thread, &killed);
	}
	for (uint32_t i = 0; i < 3; i++)
		world_settle();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct ledger charged;
	uint64_t free_frames;

	world_start_in(ARENA_BYTES);
	objects_init();
	free_frames = world_free_frames();
	charged = ledger_boot;
	start_actors();
	for (uint32_t i = 0; i < STEPS_MAX && input.left != 0; i++)
		step(&input);
	frame_fail_after(UINT64_MAX);
	end_actors();
	fuzz_require(world_free_frames() == free_frames);
	fuzz_require(memcmp(charged.used, ledger_boot.used, sizeof(charged.used)) == 0);
	return 0;
}
