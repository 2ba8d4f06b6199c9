/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that keeps pages at the expense of whoever asked: each request is funded by the ledger
 * that came with it, before anything is made for it. CapSet: `store` (Endpoint: serves PageStore),
 * `frames`, `ledger` (its own).
 */
#include <capos/capos.h>
#include <schema/ledger.client.h>
#include <schema/memory.client.h>
#include <schema/page_store.server.h>
#include <service/serve.h>
#include <string.h>

#define KEPT_MAX 16
#define KEPT_SLOTS 2	/* memory, funding */
#define KEPT_BYTES 2048 /* kernel objects for the memory; more than it takes */

CAPOS_LARGE_MESSAGES(1);

struct kept {
	struct funding funding;
	struct memory_object memory;
	uint32_t pages;
};

struct page_store_server {
	struct capos *self;
	struct frame_allocator frames;
	struct ledger ledger;
	struct kept kept[KEPT_MAX];
	uint32_t kept_count;
	uint64_t paid_pages;
};

/* The object has a page that names its pages. */
static uint64_t
paid_pages(uint32_t pages)
{
	return (uint64_t)pages + 1;
}

/* This process may use so much more, and the ledger pays. */
static enum cap_status
fund(struct capos_cap ledger, uint32_t pages, struct funding *out)
{
	struct capos_call call;
	struct resource_amounts_builder amounts =
	    ledger_fund_params_init_amounts(ledger_fund_begin(&call, (struct ledger){ ledger }));
	enum cap_status status;

	resource_amounts_set_frame_pages(amounts, paid_pages(pages));
	resource_amounts_set_cap_slots(amounts, KEPT_SLOTS);
	resource_amounts_set_kernel_bytes(amounts, KEPT_BYTES);
	status = capos_call_reason(&call, capos_call_run(&call));
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, FUNDING_INTERFACE_ID, &out->cap);
	capos_call_end(&call);
	return status;
}

static void
give_back(struct page_store_server *server, const struct kept *kept)
{
	/* First what uses the room, then the room: so that nothing stays owed. */
	capos_release(kept->memory.cap);
	if (capos_release_flush(server->self) == CAP_OK)
		capos_release(kept->funding.cap);
}

static enum cap_status
store_keep(struct page_store_server *server, struct page_store_keep_params params,
    struct page_store_keep_results_builder results, const struct capos_caller *caller)
{
	struct kept *kept = &server->kept[server->kept_count];
	struct capos_cap ledger;
	enum cap_status status;

	if (server->kept_count == KEPT_MAX)
		return capos_fail(caller, EXCEPTION_TYPE_OVERLOADED, "16 are kept already");
	CAPOS_TRY(
	    capos_take(caller, params.s.reader, page_store_keep_params_ledger(params), &ledger));
	kept->pages = page_store_keep_params_pages(params);
	status = fund(ledger, kept->pages, &kept->funding);
	capos_release(ledger);
	if (status != CAP_OK)
		return status;
	status = frame_allocator_alloc(server->frames, kept->pages, &kept->memory);
	if (status != CAP_OK) {
		capos_release(kept->funding.cap);
		return status;
	}
	server->kept_count++;
	server->paid_pages += paid_pages(kept->pages);
	page_store_keep_results_set_memory(results,
	    (struct capnp_cap){
		kept->memory.cap.cap_id, kept->memory.cap.interface_id, CAPNP_CAP_COPY });
	return CAP_OK;
}

static enum cap_status
store_clear(struct page_store_server *server, struct page_store_clear_params params,
    struct page_store_clear_results_builder results, const struct capos_caller *caller)
{
	(void)params;
	(void)results;
	(void)caller;
	while (server->kept_count != 0)
		give_back(server, &server->kept[--server->kept_count]);
	server->paid_pages = 0;
	return capos_release_flush(server->self);
}

/* What is used of one resource, by its name. */
static int64_t
used(struct usage_list usages, const char *name)
{
	for (uint32_t i = 0; i < usage_list_size(usages); i++)
		if (strcmp(usage_name(usage_at(usages, i)).data, name) == 0)
			return (int64_t)usage_used(usage_at(usages, i));
	return -1;
}

static enum cap_status
store_balance(struct page_store_server *server, struct page_store_balance_params params,
    struct page_store_balance_results_builder results, const struct capos_caller *caller)
{
	struct capos_call call;
	struct ledger_usage_results told;
	enum cap_status status;

	(void)params;
	(void)caller;
	(void)ledger_usage_begin(&call, server->ledger);
	status = ledger_usage_run(&call, &told);
	if (status == CAP_OK) {
		struct usage_list usages = ledger_usage_results_usage(told);

		page_store_balance_results_set_kept(results, server->kept_count);
		page_store_balance_results_set_frames(
		    results, used(usages, "framePages") - (int64_t)server->paid_pages);
		page_store_balance_results_set_slots(
		    results, used(usages, "capSlots") - (int64_t)server->kept_count * KEPT_SLOTS);
		page_store_balance_results_set_bytes(results,
		    used(usages, "kernelBytes") - (int64_t)server->kept_count * KEPT_BYTES);
	}
	capos_call_end(&call);
	return status;
}

static const struct page_store_methods methods = {
	.keep = store_keep,
	.clear = store_clear,
	.balance = store_balance,
};
PAGE_STORE_SERVE_WITH(methods)

int
capos_main(struct capos *self)
{
	static struct page_store_server server;

	server.self = self;
	CAPOS_TRY(frame_allocator_from_capset(self, "frames", &server.frames));
	CAPOS_TRY(ledger_from_capset(self, "ledger", &server.ledger));
	return capos_serve(self, "store", page_store_interface(&server));
}
