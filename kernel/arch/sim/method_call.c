/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of methods by the names of the schema; see method_call.h. */
#include "arch/sim/method_call.h"

#include <capnp/reflect_value.h>
#include <schema/capability_manager.capnp.h>
#include <schema/device.capnp.h>
#include <schema/exception.capnp.h>
#include <schema/ledger.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/process.capnp.h>
#include <schema/tap.capnp.h>

#include "arch/sim/world_call.h"
#include "mm/user_copy.h"

#define RESULT_BYTES 1024

/* What an object tells of itself. */
static const struct {
	uint64_t interface_id;
	uint16_t method;
} observers[] = {
	{ CAPABILITY_MANAGER_INTERFACE_ID, CAPABILITY_MANAGER_METHOD_LIST },
	{ FUNDING_INTERFACE_ID, FUNDING_METHOD_AMOUNTS },
	{ IO_PORT_RANGE_INTERFACE_ID, IO_PORT_RANGE_METHOD_INFO },
	{ LEDGER_INTERFACE_ID, LEDGER_METHOD_USAGE },
	{ MEMORY_OBJECT_INTERFACE_ID, MEMORY_OBJECT_METHOD_INFO },
	{ PROCESS_HANDLE_INTERFACE_ID, PROCESS_HANDLE_METHOD_STATUS },
	{ RING_TAP_INTERFACE_ID, RING_TAP_METHOD_STATUS },
};

/* Up to the first dot. */
static struct capnp_text
first_part(const char *path)
{
	return (struct capnp_text){ path, (uint32_t)strcspn(path, ".") };
}

/* The one that was made before, or a new one. */
static cap_id_t
give(struct method_call *call, uint64_t interface_id)
{
	for (uint32_t i = 0; i < METHOD_CAPS_MAX; i++) {
		if (call->given[i].interface_id == 0) {
			call->given[i].interface_id = interface_id;
			call->given[i].cap_id = gallery_find(interface_id)->give(call->process);
		}
		if (call->given[i].interface_id == interface_id)
			return call->given[i].cap_id;
	}
	CHECK(false);
	return 0;
}

static void
set_field(struct method_call *call, struct capnp_struct_builder to,
    const struct reflect_field *field, const struct method_param *param)
{
	struct capnp_any_builder any = capnp_set_any(to, (uint16_t)field->offset);
	struct capnp_text bytes = capnp_text_from_string(param->bytes == NULL ? "" : param->bytes);
	struct capnp_cap cap = { .mode = CAPNP_CAP_COPY };

	switch (field->type.kind) {
	case REFLECT_TEXT:
		capnp_any_set_text(any, bytes);
		break;
	case REFLECT_DATA:
		capnp_any_set_data(
		    any, (struct capnp_data){ (const uint8_t *)bytes.data, bytes.size });
		break;
	case REFLECT_INTERFACE:
	case REFLECT_CAPABILITY:
		cap.cap_id =
		    param->interface_id != 0 ? give(call, param->interface_id) : param->number;
		capnp_any_set_root_cap(any, field->cap_ordinal, cap);
		break;
	default:
		CHECK(reflect_is_scalar(&field->type));
		reflect_field_set(field, to, param->number);
		break;
	}
}

/* The struct that the last part of a path is in: made when its first field is set. */
static struct capnp_struct_builder
holder_of(struct capnp_struct_builder root, const struct reflect_field *outer)
{
	static struct capnp_struct_builder holder;
	static const uint8_t *holder_pointer;
	struct capnp_any_builder any = capnp_set_any(root, (uint16_t)outer->offset);
	const struct reflect_struct *structure = outer->type.structure;

	CHECK_EQ(outer->type.kind, REFLECT_STRUCT);
	if (holder_pointer != any.pointer || capnp_load(any.pointer) == 0)
		holder =
		    capnp_any_init_struct(any, structure->data_words, structure->pointer_count);
	holder_pointer = any.pointer;
	return holder;
}

static void
set_param(
    struct method_call *call, struct capnp_struct_builder root, const struct method_param *param)
{
	const struct reflect_struct *structure = call->method->params;
	const struct reflect_field *field = reflect_field_find(structure, first_part(param->path));
	const char *inner = strchr(param->path, '.');

	CHECK(field != NULL);
	if (inner != NULL) {
		root = holder_of(root, field);
		field =
		    reflect_field_find(field->type.structure, capnp_text_from_string(inner + 1));
		CHECK(field != NULL);
	}
	set_field(call, root, field, param);
}

static const struct method_param *
changed(const struct method_param *param, const struct method_param *changes)
{
	for (; changes != NULL && changes->path != NULL; changes++)
		if (strcmp(changes->path, param->path) == 0)
			return changes;
	return param;
}

static bool
is_among(const struct method_param *params, const char *path)
{
	for (uint32_t i = 0; params != NULL && i < METHOD_PARAMS_MAX && params[i].path != NULL; i++)
		if (strcmp(params[i].path, path) == 0)
			return true;
	return false;
}

static void
set_params(
    struct method_call *call, struct capnp_struct_builder root, const struct method_param *changes)
{
	const struct method_param *params = call->good == NULL ? NULL : call->good->params;

	for (uint32_t i = 0; params != NULL && i < METHOD_PARAMS_MAX && params[i].path != NULL; i++)
		set_param(call, root, changed(&params[i], changes));
	for (; changes != NULL && changes->path != NULL; changes++)
		if (!is_among(params, changes->path))
			set_param(call, root, changes);
}

void
method_call_build(struct method_call *call, const struct method_param *changes)
{
	const struct reflect_struct *params = call->method->params;
	struct capnp_builder builder;

	memset(call->words, 0, sizeof(call->words));
	capnp_builder_init(&builder, call->words, sizeof(call->words));
	set_params(call,
	    capnp_builder_root(
		&builder, params->data_words, params->pointer_count, params->cap_count),
	    changes);
	call->sqe.len = (uint32_t)capnp_builder_finish(&builder);
	CHECK(call->sqe.len != 0);
	call->sqe.xfer_count = (uint8_t)builder.cap_count;
	for (uint32_t i = 0; i < builder.cap_count; i++)
		call->caps[i] = (struct cap_transfer){ .cap_id = builder.caps[i].cap_id,
			.mode =
			    builder.caps[i].cap_id == 0 ? CAP_TRANSFER_HOLE : CAP_TRANSFER_COPY };
}

uint32_t
method_pointer_word(const struct method_call *call, const struct reflect_field *field)
{
	return field == NULL ? 1 : 2u + call->method->params->data_words + field->offset;
}

void
method_call_select(struct method_call *call, uint16_t method)
{
	const struct reflect_interface *interface =
	    reflect_interface_find(call->kind->interface_id);

	call->method = &interface->methods[method];
	call->good = method_good_find(interface, call->method);
	if (call->good == NULL && call->method->params->field_count != 0)
		(void)printf("%s.%s: method_goods.c has nothing that it accepts\n", interface->name,
		    call->method->name);
	CHECK(call->good != NULL || call->method->params->field_count == 0);
	call->sqe.method = method;
	call->sqe.cap_max = (uint8_t)call->method->results->cap_count;
	method_call_build(call, NULL);
}

void
method_call_start(struct method_call *call, const struct gallery_kind *kind, uint16_t method)
{
	const struct reflect_interface *interface = reflect_interface_find(kind->interface_id);
	const struct reflect_method *before;

	memset(call, 0, sizeof(*call));
	call->process = hostile_start();
	call->kind = kind;
	call->sqe = (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = kind->give(call->process),
		.user_data = 77,
		.addr = WORLD_CALL_PARAMS,
		.result_addr = WORLD_CALL_RESULTS,
		.result_len = RESULT_BYTES };
	method_call_select(call, method);
	if (call->good == NULL || call->good->before == NULL)
		return;
	before = reflect_method_find(interface, capnp_text_from_string(call->good->before));
	CHECK(before != NULL);
	method_call_select(call, (uint16_t)(before - interface->methods));
	CHECK_EQ(method_call_run(call).status, CAP_OK);
	method_call_select(call, method);
}

/* The exception in the results says why. */
static enum cap_status
reason_of(struct world_process *process)
{
	uint64_t words[RESULT_BYTES / 8];
	struct capnp_reader reader;

	world_read(process, WORLD_CALL_RESULTS, words, sizeof(words));
	CHECK_EQ(capnp_reader_init_single(&reader, words, 8 + (words[0] >> 32) * 8), CAPNP_OK);
	return (enum cap_status)cap_exception_status(cap_exception_root(&reader));
}

static struct method_outcome
submit(struct method_call *call)
{
	struct method_outcome outcome = { CAP_OK, true, false };
	struct cap_cqe cqe;
	int64_t entered;

	world_submit(call->process, &call->sqe);
	entered = world_enter(call->process, 0, 0);
	/* The machine that stops does not come back. */
	if (entered < 0 || !world_reap(call->process, &cqe))
		return outcome;
	outcome.is_pending = false;
	CHECK_EQ(cqe.user_data, call->sqe.user_data);
	outcome.status = cqe.result < 0 ? (enum cap_status)cqe.result : CAP_OK;
	if (outcome.status == CAP_ERR_APPLICATION_EXCEPTION)
		outcome.status = reason_of(call->process);
	return outcome;
}

/* What the object says of itself, and what may be done with each page. */
static uint64_t
observe(struct method_call *call)
{
	static uint8_t bytes[RESULT_BYTES];
	struct address_space *space = call->process->process->space;
	const uint64_t empty[2] = { UINT64_C(1) << 32, (uint32_t)-4 };
	struct cap_sqe sqe = { .op = CAP_OP_CALL,
		.target = call->sqe.target,
		.addr = WORLD_CALL_PARAMS,
		.len = sizeof(empty),
		.result_addr = WORLD_CALL_RESULTS,
		.result_len = RESULT_BYTES };
	uint64_t hash = 0;

	for (uaddr_t page = METHOD_PLACE; page < METHOD_PLACE + 4 * PAGE_BYTES; page += PAGE_BYTES)
		hash = hash * 2 + (user_check_writable(space, page, 1) == CAP_OK);
	for (size_t i = 0; i < sizeof(observers) / sizeof(observers[0]); i++) {
		if (observers[i].interface_id != call->kind->interface_id)
			continue;
		sqe.method = observers[i].method;
		world_write(call->process, WORLD_CALL_PARAMS, empty, sizeof(empty));
		memset(bytes, 0, sizeof(bytes));
		world_write(call->process, WORLD_CALL_RESULTS, bytes, sizeof(bytes));
		CHECK(world_do(call->process, &sqe).result > 0);
		world_read(call->process, WORLD_CALL_RESULTS, bytes, sizeof(bytes));
		for (size_t k = 0; k < sizeof(bytes); k++)
			hash = hash * 31 + bytes[k];
	}
	return hash;
}

/* The call, and nothing else, where its results and the answers of before stood. */
static void
write_message(const struct method_call *call)
{
	static const uint8_t zeros[RESULT_BYTES];
	uint64_t end = (call->sqe.addr + call->sqe.len + 7) & ~UINT64_C(7);

	world_write(call->process, WORLD_CALL_RESULTS, zeros, sizeof(zeros));
	world_write(call->process, WORLD_CALL_PARAMS, call->words, sizeof(call->words));
	world_write(call->process, end, call->caps, call->sqe.xfer_count * sizeof(call->caps[0]));
}

struct method_outcome
method_call_run(struct method_call *call)
{
	uint64_t told = observe(call);
	struct hostile_snapshot before, after;
	struct method_outcome outcome;

	write_message(call);
	world_settle();
	before = hostile_snapshot();
	outcome = submit(call);
	world_settle();
	write_message(call);
	after = hostile_snapshot();
	outcome.is_same = memcmp(&before, &after, sizeof(before)) == 0 && told == observe(call);
	return outcome;
}

static uint32_t refusals;

uint32_t
method_refusals(void)
{
	return refusals;
}

void
method_check_refused(struct method_call *call, const char *what, enum cap_status expected)
{
	struct method_outcome outcome = method_call_run(call);

	if (outcome.status != expected || outcome.is_pending || !outcome.is_same)
		(void)printf("%s.%s, %s: %d%s instead of %d%s\n", call->kind->name,
		    call->method->name, what, (int)outcome.status,
		    outcome.is_pending ? ", and waits," : "", (int)expected,
		    outcome.is_same ? "" : ", and changes");
	CHECK(!outcome.is_pending);
	CHECK_EQ(outcome.status, expected);
	CHECK(outcome.is_same);
	refusals++;
}
