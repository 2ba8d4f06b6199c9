/* SPDX-License-Identifier: Apache-2.0 */
/* VirtualMemory: the anonymous memory of the process that it was made for. */
#include <schema/memory.server.h>

#include "cap/process.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/memory.h"

/* It acts on the space of its caller, which is the one that it was made for: it cannot be handed
 * on. */
struct virtual_memory {
	struct object object;
	struct ledger *payer; /* a reference */
};

static struct pool virtual_memory_pool;

void virtual_memory_init(void);

void
virtual_memory_init(void)
{
	pool_init(&virtual_memory_pool, "virtual-memory", sizeof(struct virtual_memory));
}

static void
fill_map(struct capnp_builder *results, uaddr_t address)
{
	virtual_memory_map_results_set_address(
	    virtual_memory_map_results_init_root(results), address);
}

static const struct space_answer map_answer = { .fill = fill_map };
static const struct space_answer plain_answer = { 0 };

static enum cap_status
run(const struct capos_caller *caller, struct space_request *request, enum protection protection)
{
	const struct space_answer *answer =
	    request->operation == SPACE_MAP_ANONYMOUS ? &map_answer : &plain_answer;

	if (!page_access_of(protection, &request->access))
		return CAP_ERR_INVALID_ARGUMENT;
	/* A reservation has no pages: it is done at once. */
	return space_call_run(caller->call, caller->call->process->space, request, answer);
}

static enum cap_status
vm_map(struct virtual_memory_server *server, struct virtual_memory_map_params params,
    struct virtual_memory_map_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_MAP_ANONYMOUS,
		.address = virtual_memory_map_params_hint(params),
		.bytes = virtual_memory_map_params_size(params),
	};
	enum cap_status status =
	    run(caller, &request, virtual_memory_map_params_protection(params));

	(void)server;
	if (status == CAP_OK)
		virtual_memory_map_results_set_address(results, request.address);
	return status;
}

static enum cap_status
vm_unmap(struct virtual_memory_server *server, struct virtual_memory_unmap_params params,
    struct virtual_memory_unmap_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_UNMAP,
		.address = virtual_memory_unmap_params_address(params),
		.bytes = virtual_memory_unmap_params_size(params),
	};

	(void)server;
	(void)results;
	return space_call_run(caller->call, caller->call->process->space, &request, &plain_answer);
}

static enum cap_status
vm_protect(struct virtual_memory_server *server, struct virtual_memory_protect_params params,
    struct virtual_memory_protect_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_PROTECT,
		.address = virtual_memory_protect_params_address(params),
		.bytes = virtual_memory_protect_params_size(params),
	};

	(void)server;
	(void)results;
	return run(caller, &request, virtual_memory_protect_params_protection(params));
}

static enum cap_status
vm_reserve(struct virtual_memory_server *server, struct virtual_memory_reserve_params params,
    struct virtual_memory_reserve_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_RESERVE,
		.address = virtual_memory_reserve_params_hint(params),
		.bytes = virtual_memory_reserve_params_size(params),
	};
	enum cap_status status = run(caller, &request, PROTECTION_NONE);

	(void)server;
	if (status == CAP_OK)
		virtual_memory_reserve_results_set_address(results, request.address);
	return status;
}

static enum cap_status
vm_commit(struct virtual_memory_server *server, struct virtual_memory_commit_params params,
    struct virtual_memory_commit_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_COMMIT,
		.address = virtual_memory_commit_params_address(params),
		.bytes = virtual_memory_commit_params_size(params),
	};

	(void)server;
	(void)results;
	return run(caller, &request, virtual_memory_commit_params_protection(params));
}

static enum cap_status
vm_decommit(struct virtual_memory_server *server, struct virtual_memory_decommit_params params,
    struct virtual_memory_decommit_results_builder results, const struct capos_caller *caller)
{
	struct space_request request = {
		.operation = SPACE_DECOMMIT,
		.address = virtual_memory_decommit_params_address(params),
		.bytes = virtual_memory_decommit_params_size(params),
	};

	(void)server;
	(void)results;
	return run(caller, &request, PROTECTION_NONE);
}

static const struct virtual_memory_methods methods = {
	.map = vm_map,
	.unmap = vm_unmap,
	.protect = vm_protect,
	.reserve = vm_reserve,
	.commit = vm_commit,
	.decommit = vm_decommit,
};

static enum cap_status
vm_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return virtual_memory_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

/* All methods have their size in the same word. What is not short may have to wait. */
static enum cap_status
vm_call_scalar(struct object_call *call, struct capnp_flat_call *message)
{
	struct capos_caller caller = { call };

	if (message->param_words < 2 || message->params[1] > SPACE_RUN_BYTES_MAX)
		return CAPNP_NOT_FLAT;
	return virtual_memory_dispatch_scalar(&methods, NULL, call->method, message, &caller);
}

static enum job_state
vm_destroy(struct object *object)
{
	struct virtual_memory *memory = LIST_ENTRY(object, struct virtual_memory, object);
	struct ledger *payer = memory->payer;

	pool_free(&virtual_memory_pool, payer, memory);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type vm_type = {
	.name = "virtualMemory",
	.interface_id = VIRTUAL_MEMORY_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_NONE,
	.call = vm_call,
	.call_scalar = vm_call_scalar,
	.destroy = vm_destroy,
};

enum cap_status
virtual_memory_create(struct process *process, struct object **out)
{
	struct virtual_memory *memory;
	void *object;
	enum cap_status status = pool_alloc(&virtual_memory_pool, process->ledger, &object);

	if (status != CAP_OK)
		return status;
	memory = object;
	object_init(&memory->object, &vm_type);
	memory->payer = process->ledger;
	ledger_get(memory->payer);
	*out = &memory->object;
	return CAP_OK;
}
