/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* For tests: a parent that makes a child, grants to it by a manager, and takes back. */
#include <abi/capset.h>
#include <abi/start.h>
#include <schema/capability_manager.capnp.h>
#include <schema/endpoint.capnp.h>
#include <schema/exception.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/process.capnp.h>
#include <schema/timer.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "mm/user_copy.h"
#include "object/permanent.h"
#include "object/timer.h"
#include "proc/process.h"

#define INTERFACE UINT64_C(0x8000000000000001)

/* The server serves an endpoint; the parent has its facet, makes the child and grants to it. */
static struct world_process parent;
static struct world_process server;
static struct world_process child;
static struct endpoint *endpoint;
static cap_id_t owner; /* the server's */
static cap_id_t facet; /* the parent's */
static cap_id_t factory;
static cap_id_t builder;
static cap_id_t manager;
static cap_id_t handle;
static struct world_call call;

static inline void
begin(void)
{
	uint16_t index = 0;

	world_start();
	objects_init();
	parent = world_process(NULL);
	server = world_process(NULL);
	child = (struct world_process){ 0 };
	CHECK_EQ(endpoint_create(server.process->ledger, &endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, INTERFACE, &index), CAP_OK);
	facet = world_give(&parent, endpoint_object(endpoint), index);
	owner = world_give(&server, endpoint_object(endpoint), 0);
	object_put(endpoint_object(endpoint));
	factory = world_give(&parent, process_factory_object(), 0);
	world_call_begin(&call, &parent, factory, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), CAPNP_TEXT("child"));
	CHECK_EQ(world_call(&call), CAP_OK);
	builder = call.cqe.cap_id;
}

MUST_CHECK static inline enum cap_status
manage(void)
{
	enum cap_status status;

	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_MANAGE);
	call.sqe.cap_max = 1;
	(void)process_builder_manage_params_init_root(&call.params);
	status = world_call(&call);
	if (status == CAP_OK)
		manager = call.cqe.cap_id;
	return status;
}

/* By the builder. */
MUST_CHECK static inline enum cap_status
grant(const char *name, cap_id_t cap_id, uint8_t mode, uint64_t *id)
{
	struct process_builder_grant_params_builder params;
	enum cap_status status;

	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_GRANT);
	params = process_builder_grant_params_init_root(&call.params);
	process_builder_grant_params_set_name(params, capnp_text_from_string(name));
	process_builder_grant_params_set_cap(
	    params, (struct capnp_cap){ .cap_id = cap_id, .mode = mode });
	status = world_call(&call);
	if (status == CAP_OK)
		*id = process_builder_grant_results_grant(
		    process_builder_grant_results_root(&call.results));
	return status;
}

/* By the manager, while the child runs. */
MUST_CHECK static inline enum cap_status
grant_later(const char *name, cap_id_t cap_id, uint64_t *id)
{
	struct capability_manager_grant_params_builder params;
	enum cap_status status;

	world_call_begin(&call, &parent, manager, CAPABILITY_MANAGER_METHOD_GRANT);
	params = capability_manager_grant_params_init_root(&call.params);
	capability_manager_grant_params_set_name(params, capnp_text_from_string(name));
	capability_manager_grant_params_set_cap(
	    params, (struct capnp_cap){ .cap_id = cap_id, .mode = CAPNP_CAP_COPY });
	status = world_call(&call);
	if (status == CAP_OK)
		*id = capability_manager_grant_results_grant(
		    capability_manager_grant_results_root(&call.results));
	return status;
}

static inline void
start_child(void)
{
	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_START);
	call.sqe.cap_max = 1;
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&call.params), USER_IMAGE_BASE);
	CHECK_EQ(world_call(&call), CAP_OK);
	handle = call.cqe.cap_id;
	child = world_process_of(process_after(server.process->pid));
}

static inline uint64_t
granted(const char *name, cap_id_t cap_id, uint8_t mode)
{
	uint64_t id = 0;

	CHECK_EQ(grant(name, cap_id, mode, &id), CAP_OK);
	return id;
}

/* A started child with one managed grant: its id there. */
static inline uint64_t
start_with(cap_id_t cap_id, uint8_t mode)
{
	uint64_t id;

	CHECK_EQ(manage(), CAP_OK);
	id = granted("it", cap_id, mode);
	start_child();
	return id;
}

static inline void
begin_revoke(uint64_t id)
{
	world_call_begin(&call, &parent, manager, CAPABILITY_MANAGER_METHOD_REVOKE);
	capability_manager_revoke_params_set_grant(
	    capability_manager_revoke_params_init_root(&call.params), id);
}

/* The answer comes with the end of the entry, or after it. */
MUST_CHECK static inline enum cap_status
revoke(uint64_t id)
{
	enum cap_status status = CAP_OK;

	begin_revoke(id);
	world_call_submit(&call);
	if (!world_call_reap(&call, &status)) {
		world_settle();
		CHECK(world_call_reap(&call, &status));
	}
	return status;
}

static inline struct capset_entry
capset_entry(uint32_t index)
{
	struct capset_entry entry;

	world_read(&child,
	    USER_CAPSET_ADDRESS + sizeof(struct capset_header) + index * sizeof(entry), &entry,
	    sizeof(entry));
	return entry;
}

/* The child's, as granted. */
static inline cap_id_t
its(uint32_t index)
{
	return capset_entry(index).cap_id;
}

static inline void
post(struct world_process *process, struct cap_sqe sqe)
{
	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
}

static inline struct cap_cqe
reap(struct world_process *process)
{
	struct cap_cqe cqe = { .result = -4711 };

	CHECK(world_reap(process, &cqe));
	return cqe;
}

static inline bool
nothing_to_reap(struct world_process *process)
{
	struct cap_cqe cqe;

	return !world_reap(process, &cqe);
}

static inline struct cap_sqe
call_by(struct world_process *process, cap_id_t target)
{
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = target,
		.addr = process->message,
		.len = 16,
		.result_addr = process->message + 512,
		.result_len = 256 };
}

static inline struct cap_sqe
receive_by(struct world_process *process, cap_id_t target)
{
	return (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = target,
		.result_addr = process->message,
		.result_len = 512 };
}

MUST_CHECK static inline enum cap_status
look(struct world_process *process, cap_id_t cap_id)
{
	struct cap_ref ref;

	return cap_lookup(process->process->table, cap_id, &ref);
}

/* The completion is the typed exception of a revoked target, in the caller's result buffer. */
static inline void
check_revoked(struct world_process *process, struct cap_cqe cqe)
{
	uint64_t words[32];
	struct capnp_reader reader;
	struct cap_exception exception;

	CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
	world_read(process, process->message + 512, words, sizeof(words));
	CHECK_EQ(capnp_reader_init_single(&reader, words, 8 + (words[0] >> 32) * 8), CAPNP_OK);
	exception = cap_exception_root(&reader);
	CHECK_EQ(cap_exception_type(exception), EXCEPTION_TYPE_DISCONNECTED);
	CHECK_EQ(cap_exception_status(exception), CAP_ERR_REVOKED);
}
