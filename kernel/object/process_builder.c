/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessBuilder: a process that is being made. Dropping the builder before the start undoes
 * everything. */
#include <schema/process.server.h>

#include "base/assert.h"
#include "cap/process.h"
#include "ipc/endpoint.h"
#include "mm/pool.h"
#include "mm/user_copy.h"
#include "object/call.h"
#include "object/capability_manager.h"
#include "object/ledger.h"
#include "object/memory.h"
#include "object/process.h"
#include "object/ring_tap.h"
#include "proc/process.h"

struct builder {
	struct object object;
	struct process *process; /* NULL: started */
	struct object *manager;	 /* of the grants that follow; a reference; NULL: none */
	bool is_broken;		 /* a step failed: what was made cannot be started */
	struct ledger *payer;	 /* a reference */
	struct object *tap;	 /* a reference; NULL: none */
};

static struct pool builder_pool;

static struct builder *
builder_of(const struct capos_caller *caller)
{
	return LIST_ENTRY(caller->call->object, struct builder, object);
}

static void
map_failed(struct object *object)
{
	LIST_ENTRY(object, struct builder, object)->is_broken = true;
}

static const struct space_answer map_answer = { .failed = map_failed };

static enum cap_status
builder_map(struct process_builder_server *server, struct process_builder_map_params params,
    struct process_builder_map_results_builder results, const struct capos_caller *caller)
{
	struct process *process = builder_of(caller)->process;
	struct capnp_cap memory = process_builder_map_params_memory(params);
	struct space_request request = {
		.operation = SPACE_MAP_OBJECT,
		.address = process_builder_map_params_address(params),
		.bytes = process_builder_map_params_size(params),
		.offset = process_builder_map_params_offset(params),
	};
	enum cap_status status;

	(void)server;
	(void)results;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (process == NULL)
		return CAP_ERR_WRONG_STATE;
	if (request.address == 0 ||
	    !page_access_of(process_builder_map_params_protection(params), &request.access))
		return CAP_ERR_INVALID_ARGUMENT;
	status = memory_capability_find(caller->call->process, memory.cap_id, &request);
	return status == CAP_OK
	    ? space_call_run(caller->call, process->space, &request, &map_answer)
	    : status;
}

static enum cap_status
builder_map_copy(struct process_builder_server *server,
    struct process_builder_map_copy_params params,
    struct process_builder_map_copy_results_builder results, const struct capos_caller *caller)
{
	struct process *process = builder_of(caller)->process;
	struct capnp_cap memory = process_builder_map_copy_params_memory(params);
	struct space_request request = {
		.operation = SPACE_MAP_COPY,
		.address = process_builder_map_copy_params_address(params),
		.bytes = process_builder_map_copy_params_size(params),
		.offset = process_builder_map_copy_params_offset(params),
		.copy_bytes = process_builder_map_copy_params_copy_bytes(params),
	};
	enum cap_status status;

	(void)server;
	(void)results;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (process == NULL)
		return CAP_ERR_WRONG_STATE;
	if (request.address == 0 ||
	    !page_access_of(process_builder_map_copy_params_protection(params), &request.access))
		return CAP_ERR_INVALID_ARGUMENT;
	if (request.copy_bytes == 0 && memory.cap_id == 0) {
		request.operation = SPACE_MAP_ANONYMOUS;
		return space_call_run(caller->call, process->space, &request, &map_answer);
	}
	status = memory_capability_find(caller->call->process, memory.cap_id, &request);
	return status == CAP_OK
	    ? space_call_run(caller->call, process->space, &request, &map_answer)
	    : status;
}

static enum cap_status
builder_grant(struct process_builder_server *server, struct process_builder_grant_params params,
    struct process_builder_grant_results_builder results, const struct capos_caller *caller)
{
	struct builder *builder = builder_of(caller);
	struct capnp_text name = process_builder_grant_params_name(params);
	struct capability_grant request = {
		.manager = builder->manager,
		.process = builder->process,
		.grant = { .name = name.data,
		    .name_bytes = name.size,
		    .origin_pid = caller->call->process->pid },
		.cap = process_builder_grant_params_cap(params),
	};
	uint64_t id = 0;
	enum cap_status status;

	(void)server;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (builder->process == NULL)
		return CAP_ERR_WRONG_STATE;
	status = capability_grant(caller->call, &request, &id);
	if (status == CAP_OK)
		process_builder_grant_results_set_grant(results, id);
	return status;
}

static enum cap_status
builder_manage(struct process_builder_server *server, struct process_builder_manage_params params,
    struct process_builder_manage_results_builder results, const struct capos_caller *caller)
{
	struct builder *builder = builder_of(caller);
	struct object_call *call = caller->call;
	struct object *manager;
	struct cap_hold hold;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	(void)params;
	if (builder->process == NULL || builder->manager != NULL)
		return CAP_ERR_WRONG_STATE;
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = capability_manager_create(call->process->ledger, builder->process, &manager);
	if (status != CAP_OK)
		return status;
	hold = object_hold(manager, 0);
	/* A slot is reserved: this cannot fail. */
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status != CAP_OK) {
		object_put(manager);
		return status;
	}
	object_get(manager);
	builder->manager = manager;
	process_builder_manage_results_set_manager(results, made);
	return CAP_OK;
}

static enum cap_status
grant_virtual_memory(struct process *process, struct process_grant *grant)
{
	struct object *object;
	enum cap_status status = virtual_memory_create(process, &object);

	if (status != CAP_OK)
		return status;
	grant->hold = object_hold(object, 0);
	status = process_grant(process, grant);
	if (status != CAP_OK)
		object_put(object);
	return status;
}

static enum cap_status
grant_ledger(struct process *process, struct process_grant *grant)
{
	enum cap_status status = ledger_capability_hold(process, &grant->hold);

	if (status != CAP_OK)
		return status;
	status = process_grant(process, grant);
	if (status != CAP_OK)
		object_put(grant->hold.object);
	return status;
}

/* The process gets the owner's hold, the caller a facet. */
static enum cap_status
grant_endpoint(struct object_call *call, struct process *process, struct process_grant *grant,
    uint64_t interface_id, struct capnp_cap *client)
{
	struct endpoint *endpoint;
	struct cap_hold facet;
	uint16_t index;
	enum cap_status status;

	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = endpoint_create(process->ledger, &endpoint);
	if (status != CAP_OK)
		return status;
	status = endpoint_facet(endpoint, interface_id, &index);
	if (status == CAP_OK) {
		grant->hold = object_hold(endpoint_object(endpoint), 0);
		facet = object_hold(endpoint_object(endpoint), index);
		status = process_grant(process, grant);
	}
	if (status != CAP_OK) {
		object_put(endpoint_object(endpoint));
		return status;
	}
	object_get(facet.object);
	/* A slot is reserved: this cannot fail. */
	status = object_call_result_cap(call, 0, &facet, client);
	if (status != CAP_OK)
		object_put(facet.object);
	return status;
}

static enum cap_status
builder_grant_local(struct process_builder_server *server,
    struct process_builder_grant_local_params params,
    struct process_builder_grant_local_results_builder results, const struct capos_caller *caller)
{
	struct process *process = builder_of(caller)->process;
	struct capnp_text name = process_builder_grant_local_params_name(params);
	struct process_grant grant = { .name = name.data, .name_bytes = name.size };
	struct capnp_cap client;
	enum cap_status status;

	(void)server;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (process == NULL)
		return CAP_ERR_WRONG_STATE;
	switch (process_builder_grant_local_params_source(params)) {
	case LOCAL_SOURCE_VIRTUAL_MEMORY:
		return grant_virtual_memory(process, &grant);
	case LOCAL_SOURCE_LEDGER:
		return grant_ledger(process, &grant);
	case LOCAL_SOURCE_ENDPOINT:
		status = grant_endpoint(caller->call, process, &grant,
		    process_builder_grant_local_params_interface_id(params), &client);
		if (status == CAP_OK)
			process_builder_grant_local_results_set_client(results, client);
		return status;
	default:
		return CAP_ERR_INVALID_ARGUMENT;
	}
}

static bool
takes_control(const struct object_call *call)
{
	return call->op->reserved_slots > 1;
}

/* The one step that nobody can take back: whether its answer has a place is known before. */
static enum cap_status
answer_check(const struct object_call *call)
{
	size_t bytes = (2 + PROCESS_BUILDER_START_RESULTS_DATA_WORDS +
			   PROCESS_BUILDER_START_RESULTS_POINTER_COUNT) *
	    CAPNP_WORD_BYTES;

	if (takes_control(call))
		bytes += sizeof(struct cap_record); /* of all but the first */
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	if (call->op->sqe.result_len < bytes)
		return CAP_ERR_BUFFER_TOO_SMALL;
	return user_check_writable(call->process->space, call->op->sqe.result_addr, bytes);
}

/* Both have a place in the answer, so this cannot fail. */
static void
answer_started(struct object_call *call, struct process *process,
    struct process_builder_start_results_builder results)
{
	struct cap_hold hold = object_hold(process_handle_object(process), 0);
	struct capnp_cap made = { 0 };
	enum cap_status status;

	object_get(hold.object);
	status = object_call_result_cap(call, 0, &hold, &made);
	KASSERT(status == CAP_OK);
	process_builder_start_results_set_process(results, made);
	if (!takes_control(call))
		return;
	hold = object_hold(process_control_make(process), 0);
	status = object_call_result_cap(call, 1, &hold, &made);
	KASSERT(status == CAP_OK);
	process_builder_start_results_set_control(results, made);
}

static enum cap_status
builder_tap(struct process_builder_server *server, struct process_builder_tap_params params,
    struct process_builder_tap_results_builder results, const struct capos_caller *caller)
{
	struct builder *builder = builder_of(caller);
	struct capnp_cap cap = process_builder_tap_params_tap(params);
	struct object *tap;
	enum cap_status status;

	(void)server;
	(void)results;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (builder->process == NULL || builder->tap != NULL)
		return CAP_ERR_WRONG_STATE;
	status = tap_capability_find(caller->call->process, cap.cap_id, &tap);
	if (status != CAP_OK)
		return status;
	object_get(tap);
	builder->tap = tap;
	return CAP_OK;
}

static void
drop_tap(struct builder *builder)
{
	if (builder->tap != NULL)
		object_put(builder->tap);
	builder->tap = NULL;
}

/* The process runs, with its tap if there is one; or nothing has changed but its parts. */
static enum cap_status
start_tapped(struct builder *builder, struct process_entry *entry)
{
	struct process *process = builder->process;
	enum cap_status status = CAP_OK;

	if (builder->tap != NULL)
		status = tap_claim(builder->tap, process, &entry->tap);
	if (status != CAP_OK)
		return status;
	status = process_start(process, entry);
	if (builder->tap == NULL)
		return status;
	if (status == CAP_OK)
		tap_attached(builder->tap);
	else
		tap_unclaim(builder->tap);
	return status;
}

static enum cap_status
builder_start(struct process_builder_server *server, struct process_builder_start_params params,
    struct process_builder_start_results_builder results, const struct capos_caller *caller)
{
	struct builder *builder = builder_of(caller);
	struct process *process = builder->process;
	struct process_entry entry = {
		.entry = process_builder_start_params_entry(params),
		.stack_bytes = process_builder_start_params_stack_bytes(params),
		.tls_bytes = process_builder_start_params_tls_bytes(params),
	};
	enum cap_status status;

	(void)server;
	if (process == NULL)
		return CAP_ERR_WRONG_STATE;
	status = answer_check(caller->call);
	if (status != CAP_OK)
		return status;
	status = start_tapped(builder, &entry);
	if (status != CAP_OK)
		return status;
	builder->process = NULL;
	drop_tap(builder);
	if (builder->manager != NULL)
		capability_manager_started(builder->manager);
	answer_started(caller->call, process, results);
	return CAP_OK;
}

static const struct process_builder_methods methods = {
	.map = builder_map,
	.map_copy = builder_map_copy,
	.grant = builder_grant,
	.grant_local = builder_grant_local,
	.start = builder_start,
	.manage = builder_manage,
	.tap = builder_tap,
};

static enum cap_status
builder_call(struct object_call *call)
{
	struct capos_caller caller = { call };
	struct builder *builder = builder_of(&caller);
	enum cap_status status;

	if (builder->is_broken)
		return CAP_ERR_WRONG_STATE;
	status = process_builder_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
	/* Steps are sent together, the start behind them: it must not run what is not whole. */
	builder->is_broken = status != CAP_OK && status != OBJECT_PENDING;
	return status;
}

static enum job_state
builder_destroy(struct object *object)
{
	struct builder *builder = LIST_ENTRY(object, struct builder, object);
	struct ledger *payer = builder->payer;

	if (builder->manager != NULL) {
		if (builder->process != NULL)
			capability_manager_abandoned(builder->manager);
		object_put(builder->manager);
		builder->manager = NULL;
	}
	if (builder->process != NULL) {
		if (process_abandon_step(builder->process) == JOB_AGAIN)
			return JOB_AGAIN;
		builder->process = NULL;
	}
	drop_tap(builder);
	pool_free(&builder_pool, payer, builder);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type builder_type = {
	.name = "processBuilder",
	.interface_id = PROCESS_BUILDER_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_NONE,
	.call = builder_call,
	.destroy = builder_destroy,
};

enum cap_status
process_builder_create(struct ledger *payer, struct process *process, struct object **out)
{
	struct builder *builder;
	void *object;
	enum cap_status status = pool_alloc(&builder_pool, payer, &object);

	if (status != CAP_OK)
		return status;
	builder = object;
	object_init(&builder->object, &builder_type);
	builder->process = process;
	builder->payer = payer;
	ledger_get(payer);
	*out = &builder->object;
	return CAP_OK;
}

void process_factory_init(void);

void
process_objects_init(void)
{
	static const struct process_hooks hooks = { &process_handle_type, &process_control_type,
		process_handle_ended };

	pool_init(&builder_pool, "process-builder", sizeof(struct builder));
	process_hooks_set(&hooks);
	process_factory_init();
	capability_manager_init();
}
