/* SPDX-License-Identifier: Apache-2.0 */
/* MemoryObject: pages that every holder can map into its own process. */
#include <schema/memory.server.h>

#include "cap/process.h"
#include "mm/memory_object.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/memory.h"

struct memory_capability {
	struct object object;
	struct memory_object *memory; /* a reference */
	struct ledger *payer;	      /* a reference */
};

static struct pool capability_pool;
static const struct object_type memory_type;

static struct memory_object *
memory_of(const struct capos_caller *caller)
{
	return LIST_ENTRY(caller->call->object, struct memory_capability, object)->memory;
}

bool
page_access_of(enum protection protection, enum page_access *out)
{
	switch (protection) {
	case PROTECTION_NONE:
		*out = PAGE_ACCESS_NONE;
		return true;
	case PROTECTION_READ:
		*out = PAGE_ACCESS_READ;
		return true;
	case PROTECTION_READ_WRITE:
		*out = PAGE_ACCESS_WRITE;
		return true;
	case PROTECTION_READ_EXECUTE:
		*out = PAGE_ACCESS_EXECUTE;
		return true;
	default:
		return false;
	}
}

static void
fill_map(struct capnp_builder *results, uaddr_t address)
{
	memory_object_map_results_set_address(
	    memory_object_map_results_init_root(results), address);
}

static const struct space_answer map_answer = { .fill = fill_map };
static const struct space_answer plain_answer = { 0 };

static enum cap_status
memory_info(struct memory_object_server *server, struct memory_object_info_params params,
    struct memory_object_info_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	memory_object_info_results_set_size(results, memory_object_bytes(memory_of(caller)));
	memory_object_info_results_set_mappings(results, memory_object_mappings(memory_of(caller)));
	return CAP_OK;
}

static enum cap_status
memory_map(struct memory_object_server *server, struct memory_object_map_params params,
    struct memory_object_map_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_MAP_OBJECT,
		.address = memory_object_map_params_hint(params),
		.bytes = memory_object_map_params_size(params),
		.object = memory_of(caller),
		.offset = memory_object_map_params_offset(params),
	};
	struct cap_hold hold;
	enum cap_status status;

	(void)server;
	if (!page_access_of(memory_object_map_params_protection(params), &request.access))
		return CAP_ERR_INVALID_ARGUMENT;
	status = object_call_hold(caller->call, &hold);
	if (status != CAP_OK)
		return status;
	request.cell = hold.cell;
	status = space_call_run(caller->call, caller->call->process->space, &request, &map_answer);
	if (status == CAP_OK)
		memory_object_map_results_set_address(results, request.address);
	return status;
}

static enum cap_status
memory_unmap(struct memory_object_server *server, struct memory_object_unmap_params params,
    struct memory_object_unmap_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_UNMAP_OBJECT,
		.address = memory_object_unmap_params_address(params),
		.bytes = memory_object_unmap_params_size(params),
		.object = memory_of(caller),
	};

	(void)server;
	(void)results;
	return space_call_run(caller->call, caller->call->process->space, &request, &plain_answer);
}

static enum cap_status
memory_protect(struct memory_object_server *server, struct memory_object_protect_params params,
    struct memory_object_protect_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_PROTECT_OBJECT,
		.address = memory_object_protect_params_address(params),
		.bytes = memory_object_protect_params_size(params),
		.object = memory_of(caller),
	};

	(void)server;
	(void)results;
	if (!page_access_of(memory_object_protect_params_protection(params), &request.access))
		return CAP_ERR_INVALID_ARGUMENT;
	return space_call_run(caller->call, caller->call->process->space, &request, &plain_answer);
}

static const struct memory_object_methods methods = {
	.info = memory_info,
	.map = memory_map,
	.unmap = memory_unmap,
	.protect = memory_protect,
};

static enum cap_status
memory_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return memory_object_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

/* The size is the second word of all methods but info(). What is not short may have to wait. */
static enum cap_status
memory_call_scalar(struct object_call *call, struct capnp_flat_call *message)
{
	struct capos_caller caller = { call };

	if (call->method != MEMORY_OBJECT_METHOD_INFO &&
	    (message->param_words < 2 || message->params[1] > SPACE_RUN_BYTES_MAX))
		return CAPNP_NOT_FLAT;
	return memory_object_dispatch_scalar(&methods, NULL, call->method, message, &caller);
}

static enum job_state
memory_destroy(struct object *object)
{
	struct memory_capability *capability = LIST_ENTRY(object, struct memory_capability, object);
	struct ledger *payer = capability->payer;

	memory_object_put(capability->memory);
	pool_free(&capability_pool, payer, capability);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type memory_type = {
	.name = "memoryObject",
	.interface_id = MEMORY_OBJECT_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = memory_call,
	.call_scalar = memory_call_scalar,
	.destroy = memory_destroy,
};

enum cap_status
memory_capability_create(struct ledger *payer, struct memory_object *memory, struct object **out)
{
	struct memory_capability *capability;
	void *object;
	enum cap_status status = pool_alloc(&capability_pool, payer, &object);

	if (status != CAP_OK)
		return status;
	capability = object;
	object_init(&capability->object, &memory_type);
	capability->memory = memory;
	capability->payer = payer;
	ledger_get(payer);
	*out = &capability->object;
	return CAP_OK;
}

enum cap_status
memory_capability_find(struct process *process, cap_id_t cap_id, struct space_request *request)
{
	struct cap_ref ref;
	enum cap_status status = cap_lookup(process->table, cap_id, &ref);

	if (status != CAP_OK)
		return status;
	if (ref.object->type != &memory_type)
		return CAP_ERR_WRONG_INTERFACE;
	request->object = LIST_ENTRY(ref.object, struct memory_capability, object)->memory;
	request->cell = ref.cell;
	return CAP_OK;
}

void virtual_memory_init(void);

void
memory_objects_init(void)
{
	pool_init(&capability_pool, "memory-capability", sizeof(struct memory_capability));
	virtual_memory_init();
	space_call_module_init();
}
