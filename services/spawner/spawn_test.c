/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spawner over a kernel that the test plays: programs are started with exactly what was asked
 * for, every refusal reaches the caller, and no capability is left behind.
 */
#include <core/fake_elf.h>
#include <schema/process.server.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "service/fake_objects.h"
#include "spawner.h"

CAPOS_LARGE_MESSAGES(2 + MANIFEST_LAUNCHERS_MAX);

#define FACTORY_CAP 11
#define FRAMES_CAP 12
#define ENDPOINTS_CAP 13
#define MADE_CAP 100 /* the first that the kernel makes */
#define MADE_MAX 128
#define GIVEN_CAP 500 /* the first that comes with a call */
#define PROGRAM_BYTES 0x1100
#define INTERFACE UINT64_C(0x8000000000000007)

enum kind {
	KIND_NONE,
	KIND_MEMORY,
	KIND_BUILDER,
	KIND_HANDLE,
	KIND_CONTROL,
	KIND_MANAGER,
	KIND_ENDPOINT,
	KIND_CLIENT,
};

static struct capos self;
static struct spawner_state state;
static struct service_endpoint at = { .service = &state.service };
static struct capos_caller caller = { .at = &at };
static uint64_t param_words[1024];
static uint64_t result_words[1024];
static struct capnp_builder params;
static struct capnp_reader reader;
static struct capnp_builder results; /* with the capabilities of the answer */
static struct capnp_reader answer;
static uint32_t given; /* capabilities that come with the call */

/* What the kernel saw. */
static struct {
	uint8_t kinds[MADE_MAX];
	uint32_t made;
	char name[64];
	uint64_t frame_limit;
	uint32_t steps;
	uint32_t fail_step; /* this step of a builder is refused, and the rest with it; 0: none */
	enum cap_status fail_create, fail_alloc, fail_map, fail_client, fail_endpoint;
	bool is_broken;
	uint32_t maps, copies, unmaps;
	char grants[PROGRAM_GRANTS_MAX][16];
	uint64_t granted[PROGRAM_GRANTS_MAX]; /* cap ids; 0: local */
	uint8_t modes[PROGRAM_GRANTS_MAX];
	uint32_t grant_count;
	uint64_t entry;
} kernel;

void
capos_exit(int64_t code)
{
	fail_msg("the program ended with %lld", (long long)code);
	abort();
}

static void
answer_made(const struct cap_sqe *sqe, struct capnp_builder *to, enum kind kind, uint64_t interface)
{
	const struct cap_record record = { MADE_CAP + kernel.made, interface };

	CHECK(kernel.made < MADE_MAX);
	kernel.kinds[kernel.made++] = (uint8_t)kind;
	fake_answer(sqe, to, &record);
}

static void
factory_call(const struct cap_sqe *sqe, struct capnp_reader *from, struct capnp_builder *to)
{
	struct process_factory_create_params asked = process_factory_create_params_root(from);
	struct capnp_text name = process_factory_create_params_name(asked);

	if (kernel.fail_create != CAP_OK) {
		fake_refuse(sqe, kernel.fail_create);
		return;
	}
	CHECK(name.size < sizeof(kernel.name));
	memcpy(kernel.name, name.data, name.size);
	kernel.frame_limit =
	    resource_limits_frame_pages(process_factory_create_params_limits(asked));
	process_factory_create_results_set_builder(
	    process_factory_create_results_init_root(to), fake_cap());
	answer_made(sqe, to, KIND_BUILDER, PROCESS_BUILDER_INTERFACE_ID);
}

static void
frames_call(const struct cap_sqe *sqe, struct capnp_builder *to)
{
	CHECK_EQ(sqe->method, FRAME_ALLOCATOR_METHOD_ALLOC);
	if (kernel.fail_alloc != CAP_OK) {
		fake_refuse(sqe, kernel.fail_alloc);
		return;
	}
	frame_allocator_alloc_results_set_memory(
	    frame_allocator_alloc_results_init_root(to), fake_cap());
	answer_made(sqe, to, KIND_MEMORY, MEMORY_OBJECT_INTERFACE_ID);
}

static void
memory_call(const struct cap_sqe *sqe, struct capnp_reader *from, struct capnp_builder *to)
{
	uint8_t *pages;

	if (sqe->method == MEMORY_OBJECT_METHOD_UNMAP) {
		kernel.unmaps++;
		fake_answer_empty(sqe);
		return;
	}
	if (kernel.fail_map != CAP_OK) {
		fake_refuse(sqe, kernel.fail_map);
		return;
	}
	pages = fake_pages(memory_object_map_params_size(memory_object_map_params_root(from)));
	CHECK(pages != NULL);
	memory_object_map_results_set_address(
	    memory_object_map_results_init_root(to), (uint64_t)pages);
	fake_answer(sqe, to, NULL);
}

static void
note_grant(struct capnp_text name, uint64_t cap_id, uint8_t mode)
{
	CHECK(name.size < sizeof(kernel.grants[0]));
	memcpy(kernel.grants[kernel.grant_count], name.data, name.size);
	kernel.granted[kernel.grant_count] = cap_id;
	kernel.modes[kernel.grant_count++] = mode;
}

static void
local_call(const struct cap_sqe *sqe, struct capnp_reader *from, struct capnp_builder *to)
{
	struct process_builder_grant_local_params asked =
	    process_builder_grant_local_params_root(from);

	note_grant(process_builder_grant_local_params_name(asked), 0, 0);
	if (process_builder_grant_local_params_source(asked) != LOCAL_SOURCE_ENDPOINT) {
		fake_answer_empty(sqe);
		return;
	}
	process_builder_grant_local_results_set_client(
	    process_builder_grant_local_results_init_root(to), fake_cap());
	answer_made(sqe, to, KIND_CLIENT, process_builder_grant_local_params_interface_id(asked));
}

static void
start_call(const struct cap_sqe *sqe, struct capnp_reader *from, struct capnp_builder *to)
{
	const struct cap_record records[] = {
		{ MADE_CAP + kernel.made, PROCESS_HANDLE_INTERFACE_ID },
		{ MADE_CAP + kernel.made + 1, PROCESS_CONTROL_INTERFACE_ID },
	};
	struct process_builder_start_results_builder made =
	    process_builder_start_results_init_root(to);
	struct capnp_cap control = fake_cap();

	kernel.entry = process_builder_start_params_entry(process_builder_start_params_root(from));
	process_builder_start_results_set_process(made, fake_cap());
	process_builder_start_results_set_control(made, control);
	CHECK(kernel.made + 1 < MADE_MAX);
	kernel.kinds[kernel.made++] = KIND_HANDLE;
	kernel.kinds[kernel.made++] = KIND_CONTROL;
	fake_complete_caps(sqe, (int32_t)capnp_builder_finish(to), records, 2);
}

static void
builder_call(const struct cap_sqe *sqe, struct capnp_reader *from, struct capnp_builder *to)
{
	if (++kernel.steps == kernel.fail_step || kernel.is_broken) {
		fake_refuse(sqe, kernel.is_broken ? CAP_ERR_WRONG_STATE : CAP_ERR_NAME_IN_USE);
		kernel.is_broken = true;
		return;
	}
	switch (sqe->method) {
	case PROCESS_BUILDER_METHOD_GRANT:
		note_grant(
		    process_builder_grant_params_name(process_builder_grant_params_root(from)),
		    from->caps[0].cap_id, from->caps[0].mode);
		fake_answer_empty(sqe);
		return;
	case PROCESS_BUILDER_METHOD_GRANT_LOCAL:
		local_call(sqe, from, to);
		return;
	case PROCESS_BUILDER_METHOD_START:
		start_call(sqe, from, to);
		return;
	case PROCESS_BUILDER_METHOD_MANAGE:
		CHECK_EQ(kernel.grant_count, 0);
		process_builder_manage_results_set_manager(
		    process_builder_manage_results_init_root(to), fake_cap());
		answer_made(sqe, to, KIND_MANAGER, CAPABILITY_MANAGER_INTERFACE_ID);
		return;
	default:
		kernel.maps += sqe->method == PROCESS_BUILDER_METHOD_MAP;
		kernel.copies += sqe->method == PROCESS_BUILDER_METHOD_MAP_COPY;
		fake_answer_empty(sqe);
	}
}

static void
endpoint_call(const struct cap_sqe *sqe, struct capnp_builder *to)
{
	enum cap_status fail =
	    sqe->target == ENDPOINTS_CAP ? kernel.fail_endpoint : kernel.fail_client;

	if (fail != CAP_OK) {
		fake_refuse(sqe, fail);
		return;
	}
	if (sqe->target == ENDPOINTS_CAP) {
		endpoint_factory_create_results_set_endpoint(
		    endpoint_factory_create_results_init_root(to), fake_cap());
		answer_made(sqe, to, KIND_ENDPOINT, ENDPOINT_INTERFACE_ID);
		return;
	}
	endpoint_client_results_set_client(endpoint_client_results_init_root(to), fake_cap());
	answer_made(sqe, to, KIND_CLIENT, PROCESS_LAUNCHER_INTERFACE_ID);
}

static void
take_op(const struct cap_sqe *sqe)
{
	struct capnp_reader from;
	struct capnp_builder to;
	uint64_t index = sqe->target - MADE_CAP;

	if (sqe->op == CAP_OP_RECV || fake_objects_call(sqe))
		return;
	CHECK_EQ(sqe->op, CAP_OP_CALL);
	fake_params(sqe, &from);
	fake_results(sqe, &to);
	if (sqe->target == FACTORY_CAP)
		factory_call(sqe, &from, &to);
	else if (sqe->target == FRAMES_CAP)
		frames_call(sqe, &to);
	else if (sqe->target == ENDPOINTS_CAP ||
	    (index < kernel.made && kernel.kinds[index] == KIND_ENDPOINT))
		endpoint_call(sqe, &to);
	else if (index < kernel.made && kernel.kinds[index] == KIND_MEMORY)
		memory_call(sqe, &from, &to);
	else if (index < kernel.made && kernel.kinds[index] == KIND_BUILDER)
		builder_call(sqe, &from, &to);
	else
		fail_msg("a call of %llu", (unsigned long long)sqe->target);
}

/* A segment that can be executed, one that can be written, and one of zeros. */
static void
make_program(uint8_t *file)
{
	static const struct fake_elf_segment segments[] = {
		{ FAKE_ELF_LOAD, FAKE_ELF_READ | FAKE_ELF_EXECUTE, 0x1000, 0x400000, 0, 0x100,
		    0x1000, 0 },
		{ FAKE_ELF_LOAD, FAKE_ELF_READ | FAKE_ELF_WRITE, 0x1000, 0x401000, 0, 0x100, 0x1000,
		    0 },
		{ FAKE_ELF_LOAD, FAKE_ELF_READ | FAKE_ELF_WRITE, 0x1000, 0x402000, 0, 0, 0x1000,
		    0 },
	};

	fake_elf_make(file, PROGRAM_BYTES, 0x400010, segments, 3);
	memset(file + 0x1000, 0x90, 0x100);
}

static void
make_package(void)
{
	static const char *const names[] = { "first", "second", "broken" };
	struct capnp_builder builder;
	struct named_blob_list_builder binaries;
	uint8_t program[PROGRAM_BYTES];

	capnp_builder_init(&builder, fake_objects.package, sizeof(fake_objects.package));
	binaries = system_manifest_init_binaries(system_manifest_init_root(&builder), 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct named_blob_builder blob = named_blob_builder_at(binaries, i);

		make_program(program);
		program[0] = i == 2 ? 0 : 0x7f;
		named_blob_set_name(blob, capnp_text_from_string(names[i]));
		named_blob_set_data(blob, (struct capnp_data){ program, sizeof(program) });
	}
	fake_objects.package_bytes = capnp_builder_finish(&builder);
}

static void
start(void)
{
	fake_start(&self);
	fake_objects_start(&self);
	fake.on_op = take_op;
	memset(&kernel, 0, sizeof(kernel));
	memset(&state, 0, sizeof(state));
	fake_grant(&self, "factory", FACTORY_CAP, PROCESS_FACTORY_INTERFACE_ID);
	fake_grant(&self, "frames", FRAMES_CAP, FRAME_ALLOCATOR_INTERFACE_ID);
	fake_grant(&self, "endpoints", ENDPOINTS_CAP, ENDPOINT_FACTORY_INTERFACE_ID);
	make_package();
	CHECK_EQ(spawner_start(&state, &self), CAP_OK);
	given = 0;
}

static uint32_t
releases_of(uint64_t cap_id)
{
	uint32_t count = 0;

	CHECK(fake.log_count < FAKE_LOG_ENTRIES);
	for (uint32_t i = 0; i < fake.log_count; i++)
		count += fake.log[i].op == CAP_OP_RELEASE && fake.log[i].target == cap_id;
	return count;
}

static bool
is_in_answer(uint64_t cap_id)
{
	for (uint32_t i = 0; i < results.cap_count; i++)
		if (results.caps[i].cap_id == cap_id)
			return results.caps[i].mode == CAPNP_CAP_MOVE;
	return false;
}

/* Everything that the kernel made is released once, or goes with the answer, or is kept on purpose.
 */
static void
check_nothing_is_left(bool is_answered)
{
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	for (uint32_t i = 0; i < kernel.made; i++) {
		uint64_t cap_id = MADE_CAP + i;
		bool goes = is_answered && is_in_answer(cap_id);
		bool stays = kernel.kinds[i] == KIND_MEMORY &&
		    (state.programs[0].is_loaded || state.programs[1].is_loaded);

		CHECK_EQ(releases_of(cap_id), goes || stays ? 0 : 1);
	}
}

static struct process_spawner_spawn_params_builder asked; /* by the spawn that was begun last */

static struct cap_grant_list_builder
begin_spawn(const char *name, const char *binary, uint32_t grant_count)
{
	capnp_builder_init(&params, param_words, sizeof(param_words));
	asked = process_spawner_spawn_params_init_root(&params);
	process_spawner_spawn_params_set_name(asked, capnp_text_from_string(name));
	process_spawner_spawn_params_set_binary(asked, capnp_text_from_string(binary));
	resource_limits_set_frame_pages(process_spawner_spawn_params_init_limits(asked), 77);
	return process_spawner_spawn_params_init_grants(asked, grant_count);
}

static void
grant_given(struct cap_grant_list_builder grants, uint32_t index, const char *name)
{
	struct cap_grant_builder grant = cap_grant_builder_at(grants, index);

	cap_grant_set_name(grant, capnp_text_from_string(name));
	cap_grant_set_cap(grant, (struct capnp_cap){ GIVEN_CAP + given++, 0, CAPNP_CAP_COPY });
}

static void
grant_made(struct cap_grant_list_builder grants, uint32_t index, const char *name,
    enum local_source source)
{
	struct cap_grant_builder grant = cap_grant_builder_at(grants, index);

	cap_grant_set_name(grant, capnp_text_from_string(name));
	cap_grant_set_local(grant, source);
	cap_grant_set_interface_id(grant, INTERFACE);
}

/* The method runs on the parameters that were built. */
static enum cap_status
run(struct capos_interface interface, uint16_t method)
{
	size_t bytes = capnp_builder_finish(&params);
	enum cap_status status;

	CHECK(bytes != 0);
	CHECK_EQ(capnp_reader_init_single(&reader, param_words, bytes), CAPNP_OK);
	reader.cap_count = given;
	for (uint32_t i = 0; i < given; i++)
		reader.caps[i] = (struct capnp_cap){ GIVEN_CAP + i, 9, CAPNP_CAP_COPY };
	capnp_builder_init(&results, result_words, sizeof(result_words));
	memset(&caller.error, 0, sizeof(caller.error));
	status = interface.dispatch(interface.server, method, &reader, &results, &caller);
	if (status == CAP_OK) {
		bytes = capnp_builder_finish(&results);
		CHECK(bytes != 0);
		CHECK_EQ(capnp_reader_init_single(&answer, result_words, bytes), CAPNP_OK);
	}
	return status;
}

static enum cap_status
spawn(void)
{
	return run(spawner_interface(&state), PROCESS_SPAWNER_METHOD_SPAWN);
}

static void
check_reason(const char *expected)
{
	CHECK_EQ(caller.error.type, EXCEPTION_TYPE_FAILED);
	CHECK_EQ(caller.error.reason.size, strlen(expected));
	CHECK_MEMORY(caller.error.reason.data, expected, strlen(expected));
}

TEST(a_program_starts_with_exactly_what_was_asked_for)
{
	struct cap_grant_list_builder grants;

	start();
	grants = begin_spawn("child", "first", 4);
	process_spawner_spawn_params_set_managed(asked, true);
	grant_given(grants, 0, "one");
	grant_made(grants, 1, "vm", LOCAL_SOURCE_VIRTUAL_MEMORY);
	grant_made(grants, 2, "serve", LOCAL_SOURCE_ENDPOINT);
	grant_given(grants, 3, "two");
	CHECK_EQ(spawn(), CAP_OK);
	CHECK_STR(kernel.name, "child");
	CHECK_EQ(kernel.frame_limit, 77);
	CHECK_EQ(kernel.entry, 0x400010);
	/* The code is shared; data and zeros are the process's own. */
	CHECK(kernel.maps == 1 && kernel.copies == 2);
	CHECK_EQ(kernel.grant_count, 4);
	CHECK(strcmp(kernel.grants[0], "one") == 0 && strcmp(kernel.grants[1], "vm") == 0);
	CHECK(strcmp(kernel.grants[2], "serve") == 0 && strcmp(kernel.grants[3], "two") == 0);
	CHECK(kernel.granted[0] == GIVEN_CAP && kernel.granted[3] == GIVEN_CAP + 1);
	CHECK_EQ(kernel.modes[0], CAPNP_CAP_MOVE);
	/* Handle, control, manager, and the client of the endpoint. */
	CHECK_EQ(results.cap_count, 4);
	CHECK_EQ(kernel.kinds[results.caps[2].cap_id - MADE_CAP], KIND_MANAGER);
	CHECK_EQ(process_spawner_spawn_results_clients(process_spawner_spawn_results_root(&answer))
		     .count,
	    1);
	check_nothing_is_left(true);
}

TEST(a_program_is_loaded_once_however_often_it_starts)
{
	start();
	for (uint32_t i = 0; i < 3; i++) {
		(void)begin_spawn("child", "second", 0);
		CHECK_EQ(spawn(), CAP_OK);
		CHECK_EQ(results.caps[2].cap_id, 0); /* no manager was asked for */
	}
	/* Two segments have bytes; mapped to be filled, and not mapped any more. */
	CHECK_EQ(kernel.unmaps, 2);
	CHECK(state.programs[1].is_loaded && !state.programs[0].is_loaded);
	CHECK(kernel.kinds[0] == KIND_MEMORY && kernel.kinds[1] == KIND_MEMORY);
	CHECK_EQ(kernel.made, 2 + 3 * 3); /* builder, handle, control */
}

TEST(a_step_that_is_refused_is_told_and_leaves_nothing)
{
	/* Three segments, the manager, four grants, the start. */
	for (uint32_t step = 1; step <= 9; step++) {
		struct cap_grant_list_builder grants;

		start();
		grants = begin_spawn("child", "first", 4);
		process_spawner_spawn_params_set_managed(asked, true);
		grant_given(grants, 0, "one");
		grant_made(grants, 1, "serve", LOCAL_SOURCE_ENDPOINT);
		grant_made(grants, 2, "again", LOCAL_SOURCE_ENDPOINT);
		grant_given(grants, 3, "two");
		kernel.fail_step = step;
		CHECK_EQ(spawn(), CAP_ERR_NAME_IN_USE);
		check_nothing_is_left(false);
		/* What came with the call is not kept either, moved or not. */
		CHECK_EQ(releases_of(GIVEN_CAP), 1);
		CHECK_EQ(releases_of(GIVEN_CAP + 1), 1);
	}
}

/* The steps of 32 grants are sent in two entries; the second one fails. */
TEST(a_late_refusal_gives_back_what_earlier_entries_made)
{
	struct cap_grant_list_builder grants;

	start();
	grants = begin_spawn("child", "first", PROGRAM_GRANTS_MAX);
	for (uint32_t i = 0; i < PROGRAM_GRANTS_MAX; i++)
		grant_made(grants, i, "serve", LOCAL_SOURCE_ENDPOINT);
	kernel.fail_step = 30;
	CHECK_EQ(spawn(), CAP_ERR_NAME_IN_USE);
	check_nothing_is_left(false);
}

TEST(a_shortage_before_the_first_step_is_told_and_leaves_nothing)
{
	enum cap_status *const fails[] = { &kernel.fail_create, &kernel.fail_alloc,
		&kernel.fail_map };

	for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++) {
		start();
		grant_given(begin_spawn("child", "first", 1), 0, "one");
		*fails[i] = CAP_ERR_QUOTA_EXCEEDED;
		CHECK(spawn() < 0);
		check_nothing_is_left(false);
		/* What was not taken is released by the loop. */
		CHECK_EQ(releases_of(GIVEN_CAP) + (reader.caps[0].cap_id != 0), 1);
		/* It is not loaded by halves: later it starts. */
		*fails[i] = CAP_OK;
		(void)begin_spawn("child", "first", 0);
		CHECK_EQ(spawn(), CAP_OK);
	}
}

TEST(programs_that_cannot_be_started_are_refused_with_a_sentence)
{
	static const char *const unknown[] = { "", "firs", "first ", "First", "third" };

	start();
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		(void)begin_spawn("child", unknown[i], 0);
		CHECK_EQ(spawn(), CAP_ERR_APPLICATION_EXCEPTION);
		check_reason("the boot package has no such program");
	}
	(void)begin_spawn("child", "broken", 0);
	CHECK_EQ(spawn(), CAP_ERR_APPLICATION_EXCEPTION);
	check_reason(elf_error_name(ELF_ERROR_HEADER));
	CHECK_EQ(kernel.made, 0);
}

TEST(grants_are_counted_before_anything_is_taken)
{
	struct cap_grant_list_builder grants;
	char name[] = "g00";

	for (uint32_t count = PROGRAM_GRANTS_MAX; count <= PROGRAM_GRANTS_MAX + 1; count++) {
		start();
		grants = begin_spawn("child", "first", count);
		for (uint32_t i = 0; i < count; i++) {
			name[1] = (char)('a' + i / 10);
			name[2] = (char)('0' + i % 10);
			grant_made(grants, i, name, LOCAL_SOURCE_VIRTUAL_MEMORY);
		}
		if (count == PROGRAM_GRANTS_MAX) {
			CHECK_EQ(spawn(), CAP_OK);
			CHECK_EQ(kernel.grant_count, count);
			CHECK_STR(kernel.grants[31], "gd1");
			check_nothing_is_left(true);
		} else {
			CHECK_EQ(spawn(), CAP_ERR_APPLICATION_EXCEPTION);
			check_reason("more than 32 grants");
			CHECK_EQ(kernel.made, 0);
		}
	}
}

TEST(a_grant_of_nothing_or_of_the_same_twice_is_refused)
{
	struct cap_grant_list_builder grants;

	start();
	grants = begin_spawn("child", "first", 2);
	grant_given(grants, 0, "one");
	cap_grant_set_name(cap_grant_builder_at(grants, 1), CAPNP_TEXT("nothing"));
	CHECK_EQ(spawn(), CAP_ERR_INVALID_ARGUMENT);
	check_nothing_is_left(false);
	CHECK_EQ(releases_of(GIVEN_CAP), 1);
	start();
	grants = begin_spawn("child", "first", 2);
	grant_given(grants, 0, "one");
	grant_given(grants, 1, "same");
	/* Both pointers say capability 0 of the message. */
	params.caps[1] = params.caps[0];
	for (size_t i = 0; i < sizeof(param_words) / 8; i++)
		if (param_words[i] == UINT64_C(0x0000000100000003))
			param_words[i] = 3;
	CHECK_EQ(spawn(), CAP_ERR_INVALID_ARGUMENT);
	check_nothing_is_left(false);
	CHECK_EQ(releases_of(GIVEN_CAP), 1);
}

TEST(a_name_that_no_step_can_carry_is_refused)
{
	char name[400];

	start();
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	grant_given(begin_spawn("child", "first", 1), 0, name);
	CHECK_EQ(spawn(), CAP_ERR_MESSAGE_TOO_LARGE);
	check_nothing_is_left(false);
	CHECK_EQ(releases_of(GIVEN_CAP), 1);
	/* Nothing of it is in the way of the next one. */
	given = 0;
	(void)begin_spawn("child", "first", 0);
	CHECK_EQ(spawn(), CAP_OK);
}

static enum cap_status
make_launcher(const char *const *names, uint32_t count)
{
	struct capnp_list_builder list;

	capnp_builder_init(&params, param_words, sizeof(param_words));
	list = process_spawner_make_launcher_params_init_binaries(
	    process_spawner_make_launcher_params_init_root(&params), count);
	for (uint32_t i = 0; i < count; i++)
		capnp_any_set_text(
		    capnp_list_any_builder(list, i), capnp_text_from_string(names[i]));
	given = 0;
	return run(spawner_interface(&state), PROCESS_SPAWNER_METHOD_MAKE_LAUNCHER);
}

static enum cap_status
launch(struct launcher *launcher, const char *binary)
{
	struct process_launcher_launch_params_builder asked;

	capnp_builder_init(&params, param_words, sizeof(param_words));
	asked = process_launcher_launch_params_init_root(&params);
	process_launcher_launch_params_set_name(asked, CAPNP_TEXT("child"));
	process_launcher_launch_params_set_binary(asked, capnp_text_from_string(binary));
	return run(launcher->endpoint.interface, PROCESS_LAUNCHER_METHOD_LAUNCH);
}

TEST(a_launcher_starts_its_programs_and_no_others)
{
	static const char *const names[] = { "second" };
	struct capnp_list told;

	start();
	CHECK_EQ(make_launcher(names, 1), CAP_OK);
	CHECK_EQ(results.cap_count, 1);
	CHECK_EQ(state.launcher_count, 1);
	CHECK_EQ(launch(&state.launchers[0], "second"), CAP_OK);
	CHECK_STR(kernel.name, "child");
	CHECK_EQ(kernel.frame_limit, 0); /* a launcher's programs have the default limits */
	CHECK_EQ(launch(&state.launchers[0], "first"), CAP_ERR_APPLICATION_EXCEPTION);
	check_reason("this launcher starts no such program");
	CHECK_EQ(launch(&state.launchers[0], "third"), CAP_ERR_APPLICATION_EXCEPTION);
	check_reason("this launcher starts no such program");
	capnp_builder_init(&params, param_words, sizeof(param_words));
	CHECK_EQ(
	    run(state.launchers[0].endpoint.interface, PROCESS_LAUNCHER_METHOD_BINARIES), CAP_OK);
	told = process_launcher_binaries_results_names(
	    process_launcher_binaries_results_root(&answer));
	CHECK_EQ(told.count, 1);
	CHECK_EQ(capnp_any_text(capnp_list_any(told, 0)).size, 6);
}

TEST(launchers_that_cannot_be_made_leave_nothing)
{
	static const char *const names[MANIFEST_LAUNCHABLE_MAX + 1] = { "first", "third" };
	const char *many[MANIFEST_LAUNCHABLE_MAX + 1];

	start();
	CHECK_EQ(make_launcher(names, 2), CAP_ERR_APPLICATION_EXCEPTION);
	check_reason("the boot package has no such program");
	for (uint32_t i = 0; i <= MANIFEST_LAUNCHABLE_MAX; i++)
		many[i] = "first";
	CHECK_EQ(make_launcher(many, MANIFEST_LAUNCHABLE_MAX + 1), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(kernel.made, 0);
	kernel.fail_endpoint = CAP_ERR_QUOTA_EXCEEDED;
	CHECK(make_launcher(names, 1) < 0);
	CHECK_EQ(kernel.made, 0);
	kernel.fail_endpoint = CAP_OK;
	kernel.fail_client = CAP_ERR_QUOTA_EXCEEDED;
	CHECK(make_launcher(names, 1) < 0);
	check_nothing_is_left(false);
	CHECK_EQ(state.launcher_count, 0);
	kernel.fail_client = CAP_OK;
	for (uint32_t i = 0; i < MANIFEST_LAUNCHERS_MAX; i++)
		CHECK_EQ(make_launcher(many, MANIFEST_LAUNCHABLE_MAX), CAP_OK);
	CHECK_EQ(make_launcher(names, 1), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(state.launcher_count, MANIFEST_LAUNCHERS_MAX);
}

TEST(a_start_without_what_it_needs_is_refused)
{
	for (uint32_t i = 0; i < 5; i++) {
		start();
		memset(&state, 0, sizeof(state));
		fake_objects.capset.entries[i].interface_id++;
		CHECK_EQ(spawner_start(&state, &self), CAP_ERR_WRONG_INTERFACE);
	}
	start();
	fake_objects.package_bytes = 12;
	CHECK_EQ(spawner_start(&state, &self), CAP_ERR_INVALID_MANIFEST);
}
