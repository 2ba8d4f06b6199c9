/* SPDX-License-Identifier: Apache-2.0 */
/* FrameAllocator: memory objects, charged to whoever asks. */
#include <schema/memory.server.h>

#include "cap/process.h"
#include "mm/memory_object.h"
#include "object/call.h"
#include "object/memory.h"
#include "object/permanent.h"

#define CONTIGUOUS_PAGES_MAX 1024

static struct object allocator;

static enum cap_status
allocate(
    const struct capos_caller *caller, uint32_t page_count, bool contiguous, struct capnp_cap *out)
{
	struct object_call *call = caller->call;
	struct memory_object_request request = {
		.payer = call->process->ledger,
		.page_count = page_count,
		.contiguous = contiguous,
	};
	struct memory_object *memory;
	struct object *object;
	struct cap_hold hold;
	enum cap_status status;

	if (page_count == 0 ||
	    page_count > (contiguous ? CONTIGUOUS_PAGES_MAX : MEMORY_OBJECT_PAGES_MAX))
		return CAP_ERR_INVALID_ARGUMENT;
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = memory_object_create(&request, &memory);
	if (status != CAP_OK)
		return status;
	status = memory_capability_create(call->process->ledger, memory, &object);
	if (status != CAP_OK) {
		memory_object_put(memory);
		return status;
	}
	hold = object_hold(object, 0);
	status = object_call_result_cap(call, 0, &hold, out);
	if (status != CAP_OK)
		object_put(object);
	return status;
}

static enum cap_status
frames_alloc_frame(struct frame_allocator_server *server,
    struct frame_allocator_alloc_frame_params params,
    struct frame_allocator_alloc_frame_results_builder results, const struct capos_caller *caller)
{
	struct capnp_cap made;
	enum cap_status status = allocate(caller, 1, false, &made);

	(void)server;
	(void)params;
	if (status == CAP_OK)
		frame_allocator_alloc_frame_results_set_memory(results, made);
	return status;
}

static enum cap_status
frames_alloc_contiguous(struct frame_allocator_server *server,
    struct frame_allocator_alloc_contiguous_params params,
    struct frame_allocator_alloc_contiguous_results_builder results,
    const struct capos_caller *caller)
{
	struct capnp_cap made;
	enum cap_status status =
	    allocate(caller, frame_allocator_alloc_contiguous_params_count(params), true, &made);

	(void)server;
	if (status == CAP_OK)
		frame_allocator_alloc_contiguous_results_set_memory(results, made);
	return status;
}

static enum cap_status
frames_alloc(struct frame_allocator_server *server, struct frame_allocator_alloc_params params,
    struct frame_allocator_alloc_results_builder results, const struct capos_caller *caller)
{
	struct capnp_cap made;
	enum cap_status status =
	    allocate(caller, frame_allocator_alloc_params_count(params), false, &made);

	(void)server;
	if (status == CAP_OK)
		frame_allocator_alloc_results_set_memory(results, made);
	return status;
}

static const struct frame_allocator_methods methods = {
	.alloc_frame = frames_alloc_frame,
	.alloc_contiguous = frames_alloc_contiguous,
	.alloc = frames_alloc,
};

static enum cap_status
frames_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return frame_allocator_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type frames_type = {
	.name = "frameAllocator",
	.interface_id = FRAME_ALLOCATOR_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = frames_call,
	.destroy = permanent_destroy,
};

void frame_allocator_init(void);

void
frame_allocator_init(void)
{
	object_init(&allocator, &frames_type);
}

struct object *
frame_allocator_object(void)
{
	return &allocator;
}
