/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CapabilityManager: a list of grants to one process, each with its cell. It is made while the
 * process is, by its builder, and keeps the process's record afterwards. Whoever holds it may take
 * the grants back: a spawner hands it on to whoever it spawns for.
 */
#include "object/capability_manager.h"

#include <core/string.h>
#include <schema/capability_manager.server.h>

#include "cap/process.h"
#include "mm/pool.h"
#include "object/revocation.h"

#define LIST_GRANTS_MAX 16

/* One grant. Its names are kept here: the process may be gone when it is listed. */
struct grant {
	struct list_node link; /* in its manager's grants, by id */
	struct grant_cell *cell;
	struct ledger *payer; /* a reference */
	uint64_t id;
	uint64_t interface_id;
	char name[PROCESS_NAME_BYTES];
};

struct manager {
	struct object object;
	struct process *process; /* NULL: it was never started */
	bool keeps_record;	 /* a reference to the process's handle */
	struct ledger *payer;	 /* a reference */
	struct list_node grants;
	uint64_t last_id;
	struct revocation revocation;
};

static struct pool manager_pool;
static struct pool grant_pool;
static const struct object_type manager_type;

void
capability_manager_init(void)
{
	pool_init(&manager_pool, "capability-manager", sizeof(struct manager));
	pool_init(&grant_pool, "grant", sizeof(struct grant));
}

static struct manager *
manager_of(struct object *object)
{
	return LIST_ENTRY(object, struct manager, object);
}

enum cap_status
capability_manager_create(struct ledger *payer, struct process *process, struct object **out)
{
	struct manager *manager;
	void *memory;
	enum cap_status status = pool_alloc(&manager_pool, payer, &memory);

	if (status != CAP_OK)
		return status;
	manager = memory;
	object_init(&manager->object, &manager_type);
	list_init(&manager->grants);
	manager->process = process;
	manager->payer = payer;
	ledger_get(payer);
	*out = &manager->object;
	return CAP_OK;
}

void
capability_manager_started(struct object *object)
{
	struct manager *manager = manager_of(object);

	object_get(process_handle_object(manager->process));
	manager->keeps_record = true;
}

void
capability_manager_abandoned(struct object *object)
{
	manager_of(object)->process = NULL;
}

/* A record with a cell under that of `source`, which is the hold's from then on. */
static enum cap_status
grant_create(struct ledger *payer, struct cap_hold *hold, struct grant **out)
{
	struct grant *grant;
	void *memory;
	enum cap_status status = pool_alloc(&grant_pool, payer, &memory);

	if (status != CAP_OK)
		return status;
	grant = memory;
	status = grant_cell_create(payer, hold->cell, &grant->cell);
	if (status != CAP_OK) {
		pool_free(&grant_pool, payer, grant);
		return status;
	}
	list_init(&grant->link);
	grant->payer = payer;
	ledger_get(payer);
	hold->cell = grant->cell;
	hold->cell_epoch = grant_cell_epoch(grant->cell);
	*out = grant;
	return CAP_OK;
}

static void
grant_free(struct grant *grant)
{
	struct ledger *payer = grant->payer;

	grant_cell_put(grant->cell);
	pool_free(&grant_pool, payer, grant);
	ledger_put(payer);
}

static uint64_t
grant_link(struct object *object, struct grant *grant, const struct process_grant *granted)
{
	struct manager *manager = manager_of(object);

	grant->id = ++manager->last_id;
	grant->interface_id =
	    object_interface_id(granted->hold.object, granted->hold.interface_index);
	memcpy(grant->name, granted->name, granted->name_bytes);
	list_append(&manager->grants, &grant->link);
	return grant->id;
}

/* What the caller may hand on. */
static enum cap_status
source_find(struct process *process, struct capnp_cap cap, struct cap_hold *out)
{
	enum cap_status status;

	spin_lock(&process->lock);
	status = cap_table_peek_locked(process->table, cap.cap_id, out);
	spin_unlock(&process->lock);
	if (status != CAP_OK)
		return status;
	if (out->mode == OBJECT_TRANSFER_NONE ||
	    (out->mode == OBJECT_TRANSFER_MOVE && cap.mode != CAPNP_CAP_MOVE))
		return CAP_ERR_TRANSFER_NOT_SUPPORTED;
	return CAP_OK;
}

static void
source_take(struct process *process, struct capnp_cap cap, const struct cap_hold *source)
{
	spin_lock(&process->lock);
	cap_table_take_locked(process->table, cap.cap_id);
	spin_unlock(&process->lock);
	cap_hold_put(source); /* the references that the caller's slot had */
}

/* Looked at and refused first, then granted, then taken. */
enum cap_status
capability_grant(struct object_call *call, struct capability_grant *request, uint64_t *id)
{
	struct process_grant *granted = &request->grant;
	struct grant *grant = NULL;
	struct cap_hold source;
	enum cap_status status = source_find(call->process, request->cap, &source);

	if (status != CAP_OK)
		return status;
	granted->hold = source;
	if (request->manager != NULL)
		status = grant_create(call->process->ledger, &granted->hold, &grant);
	if (status != CAP_OK)
		return status;
	cap_hold_get(&granted->hold);
	status = process_grant(request->process, granted);
	if (status != CAP_OK) {
		cap_hold_put(&granted->hold);
		if (grant != NULL)
			grant_free(grant);
		return status;
	}
	if (request->cap.mode == CAPNP_CAP_MOVE)
		source_take(call->process, request->cap, &source);
	*id = grant == NULL ? 0 : grant_link(request->manager, grant, granted);
	return CAP_OK;
}

static enum cap_status
manager_grant(struct capability_manager_server *server,
    struct capability_manager_grant_params params,
    struct capability_manager_grant_results_builder results, const struct capos_caller *caller)
{
	struct manager *manager = manager_of(caller->call->object);
	struct capnp_text name = capability_manager_grant_params_name(params);
	struct capability_grant request = {
		.manager = &manager->object,
		.process = manager->process,
		.grant = { .name = name.data,
		    .name_bytes = name.size,
		    .origin_pid = caller->call->process->pid },
		.cap = capability_manager_grant_params_cap(params),
	};
	uint64_t id = 0;
	enum cap_status status;

	(void)server;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (manager->process == NULL || !process_takes_grants(manager->process))
		return CAP_ERR_DISCONNECTED;
	status = capability_grant(caller->call, &request, &id);
	if (status == CAP_OK)
		capability_manager_grant_results_set_grant(results, id);
	return status;
}

static uint32_t
count_after(const struct manager *manager, uint64_t after, const struct list_node **first)
{
	const struct list_node *node = manager->grants.next;
	uint32_t count = 0;

	while (node != &manager->grants && LIST_ENTRY(node, struct grant, link)->id <= after)
		node = node->next;
	*first = node;
	for (; node != &manager->grants && count < LIST_GRANTS_MAX; node = node->next)
		count++;
	return count;
}

static enum cap_status
manager_list(struct capability_manager_server *server, struct capability_manager_list_params params,
    struct capability_manager_list_results_builder results, const struct capos_caller *caller)
{
	const struct manager *manager = manager_of(caller->call->object);
	uint64_t after = capability_manager_list_params_after(params);
	const struct list_node *node;
	struct grant_info_list_builder list;
	uint32_t count;

	(void)server;
	count = count_after(manager, after, &node);
	list = capability_manager_list_results_init_grants(results, count);
	for (uint32_t i = 0; i < count; i++, node = node->next) {
		const struct grant *grant = LIST_ENTRY(node, struct grant, link);
		struct grant_info_builder to = grant_info_builder_at(list, i);

		grant_info_set_id(to, grant->id);
		grant_info_set_name(to, capnp_text_from_string(grant->name));
		grant_info_set_interface_id(to, grant->interface_id);
		grant_info_set_live(to, grant_cell_is_live(grant->cell));
	}
	return CAP_OK;
}

static struct grant *
grant_find(struct manager *manager, uint64_t id)
{
	for (struct list_node *node = manager->grants.next; node != &manager->grants;
	    node = node->next) {
		struct grant *grant = LIST_ENTRY(node, struct grant, link);

		if (grant->id == id)
			return grant;
	}
	return NULL;
}

static enum cap_status
manager_revoke(struct capability_manager_server *server,
    struct capability_manager_revoke_params params,
    struct capability_manager_revoke_results_builder results, const struct capos_caller *caller)
{
	struct manager *manager = manager_of(caller->call->object);
	struct grant *grant = grant_find(manager, capability_manager_revoke_params_grant(params));

	(void)server;
	(void)results;
	if (grant == NULL)
		return CAP_ERR_NOT_FOUND;
	if (revocation_runs(&manager->revocation))
		return CAP_ERR_ALREADY_WAITING;
	revocation_begin(&manager->revocation, NULL);
	/* Dead before: the sweep is still what is answered for. */
	(void)grant_cell_revoke(grant->cell, &manager->revocation.work);
	return revocation_run(&manager->revocation, caller->call);
}

static const struct capability_manager_methods methods = {
	.list = manager_list,
	.revoke = manager_revoke,
	.grant = manager_grant,
};

static enum cap_status
manager_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return capability_manager_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

/* As many grants as a CapSet has entries, at most: one step. */
static enum job_state
manager_destroy(struct object *object)
{
	struct manager *manager = manager_of(object);
	struct ledger *payer = manager->payer;
	struct list_node *node;

	while ((node = list_first(&manager->grants)) != NULL) {
		list_remove(node);
		grant_free(LIST_ENTRY(node, struct grant, link));
	}
	if (manager->keeps_record)
		object_put(process_handle_object(manager->process));
	pool_free(&manager_pool, payer, manager);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type manager_type = {
	.name = "capabilityManager",
	.interface_id = CAPABILITY_MANAGER_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = manager_call,
	.destroy = manager_destroy,
};
