/* SPDX-License-Identifier: Apache-2.0 */
/* The serve loop; see serve.h. */
#include "serve.h"

#include <string.h>

static enum cap_status submit_receive(struct service_endpoint *at);

/* Answers of deferred calls: the RETURN's completion says whether the caller was still there. */
struct pending_return {
	struct capos_completion completion;
	int32_t result;
	bool is_done;
};

static void
on_returned(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	struct pending_return *pending = (struct pending_return *)completion;

	pending->result = cqe->result;
	pending->is_done = true;
}

/* Nobody waits for the RETURN of an ordinary answer: a caller that is gone is no failure of the
 * server. */
static void
on_answer_returned(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	(void)completion;
	(void)cqe;
}

static struct capos_completion answer_completion = { on_answer_returned };

static enum exception_type
exception_type_of(enum cap_status status)
{
	switch (status) {
	case CAP_ERR_TABLE_FULL:
	case CAP_ERR_QUOTA_EXCEEDED:
	case CAP_ERR_NO_MEMORY:
	case CAP_ERR_QUEUE_FULL:
		return EXCEPTION_TYPE_OVERLOADED;
	case CAP_ERR_REVOKED:
	case CAP_ERR_DISCONNECTED:
	case CAP_ERR_CALL_GONE:
		return EXCEPTION_TYPE_DISCONNECTED;
	case CAP_ERR_UNIMPLEMENTED_METHOD:
		return EXCEPTION_TYPE_UNIMPLEMENTED;
	default:
		return EXCEPTION_TYPE_FAILED;
	}
}

/* Transfer entries behind the answer. False: they do not fit. */
static bool
append_transfers(const struct capnp_builder *results, uint8_t *buffer, uint32_t buffer_bytes,
    size_t message_bytes)
{
	struct cap_transfer *entry = (struct cap_transfer *)(void *)(buffer + message_bytes);

	if (message_bytes + results->cap_count * sizeof(*entry) > buffer_bytes)
		return false;
	for (uint32_t i = 0; i < results->cap_count; i++)
		entry[i] = (struct cap_transfer){ .cap_id = results->caps[i].cap_id,
			.mode = results->caps[i].cap_id == 0 ? CAP_TRANSFER_HOLE
							     : results->caps[i].mode };
	return true;
}

struct answer {
	uint64_t call_id;
	struct capos_completion *completion;
	const uint8_t *message;
	size_t message_bytes;
	uint32_t cap_count;
	bool is_exception;
};

static enum cap_status
submit_return(struct capos *self, const struct answer *answer)
{
	struct cap_sqe *sqe;

	CAPOS_TRY(capos_submit(self, answer->completion, &sqe));
	sqe->op = CAP_OP_RETURN;
	sqe->flags = answer->is_exception ? CAP_SQE_EXCEPTION : 0;
	sqe->target = answer->call_id;
	sqe->addr = (uint64_t)answer->message;
	sqe->len = (uint32_t)answer->message_bytes;
	sqe->xfer_count = (uint8_t)answer->cap_count;
	capos_submitted(self);
	return CAP_OK;
}

/* Build a CapException into `buffer`, which has room for the longest. */
static size_t
build_exception(uint8_t *buffer, uint32_t buffer_bytes, const struct capos_error *error)
{
	struct capnp_builder builder;
	struct cap_exception_builder exception;
	struct capnp_text reason = error->reason;

	if (reason.size > EXCEPTION_REASON_BYTES_MAX)
		reason.size = EXCEPTION_REASON_BYTES_MAX;
	capnp_builder_init(&builder, buffer, buffer_bytes);
	exception = cap_exception_init_root(&builder);
	cap_exception_set_type(exception, error->type);
	cap_exception_set_status(exception, error->status);
	cap_exception_set_reason(exception, reason);
	return capnp_builder_finish(&builder);
}

static void
read_caps(struct capnp_reader *params, const struct cap_delivery *delivery)
{
	const uint8_t *behind =
	    (const uint8_t *)(delivery + 1) + ((delivery->param_bytes + 7) & ~7U);
	const struct cap_record *records = (const struct cap_record *)(const void *)behind;

	params->cap_count =
	    delivery->cap_count <= CAPNP_CAPS_MAX ? delivery->cap_count : CAPNP_CAPS_MAX;
	for (uint32_t i = 0; i < params->cap_count; i++)
		params->caps[i] = (struct capnp_cap){ records[i].cap_id, records[i].interface_id,
			CAPNP_CAP_COPY };
}

static void
release_untaken(struct capos *self, const struct capnp_reader *params)
{
	for (uint32_t i = 0; i < params->cap_count; i++)
		if (params->caps[i].cap_id != 0)
			capos_release((struct capos_cap){
			    self, params->caps[i].cap_id, params->caps[i].interface_id });
}

/* Run the method and queue its answer. */
static enum cap_status
answer_call(struct service_endpoint *at, const struct cap_delivery *delivery)
{
	struct capos *self = at->service->self;
	struct capos_block *block = at->block;
	struct capos_caller caller = { .at = at, .delivery = delivery };
	struct answer answer = { .call_id = delivery->call_id,
		.completion = &answer_completion,
		.message = block->params };
	struct capnp_reader params;
	struct capnp_builder results;
	enum cap_status status = CAP_ERR_MALFORMED_MESSAGE;

	params.cap_count = 0;
	capnp_builder_init(&results, block->params, block->param_bytes);
	if (capnp_reader_init(&params, delivery + 1, delivery->param_bytes) == CAPNP_OK) {
		if (delivery->cap_count != 0)
			read_caps(&params, delivery);
		status = at->interface.dispatch(at->interface.methods, at->interface.server,
		    delivery->method, &params, &results, &caller);
		if (status == CAP_OK && capnp_reader_error(&params) != CAPNP_OK)
			status = CAP_ERR_MALFORMED_MESSAGE;
	}
	if (params.cap_count != 0)
		release_untaken(self, &params);
	if (status == CAPOS_DEFERRED)
		return CAP_OK;
	if (status == CAP_OK) {
		answer.message_bytes = capnp_builder_finish(&results);
		answer.cap_count = results.cap_count;
		if (answer.message_bytes == 0 ||
		    !append_transfers(
			&results, block->params, block->param_bytes, answer.message_bytes))
			status = CAP_ERR_MESSAGE_TOO_LARGE;
	}
	if (status != CAP_OK) {
		if (status != CAP_ERR_APPLICATION_EXCEPTION)
			caller.error = (struct capos_error){ exception_type_of(status), status,
				capnp_text_from_string(cap_status_sentence(status)) };
		answer.message_bytes =
		    build_exception(block->params, block->param_bytes, &caller.error);
		answer.cap_count = 0;
		answer.is_exception = true;
	}
	return submit_return(self, &answer);
}

static void
on_received(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	struct service_endpoint *at = (struct service_endpoint *)completion;
	enum cap_status status = CAP_OK;

	if (cqe->result < 0) {
		/* The endpoint is gone, or the loop is ending. */
		if (cqe->result != CAP_ERR_CANCELLED)
			service_stop(at->service, 1);
		return;
	}
	status = answer_call(at, (const struct cap_delivery *)(const void *)at->block->results);
	if (status == CAP_OK && !at->service->is_stopping)
		status = submit_receive(at);
	if (status != CAP_OK)
		service_stop(at->service, 1);
}

static enum cap_status
submit_receive(struct service_endpoint *at)
{
	struct cap_sqe *sqe;

	CAPOS_TRY(capos_submit(at->service->self, &at->receive, &sqe));
	sqe->op = CAP_OP_RECV;
	sqe->target = at->endpoint.cap_id;
	sqe->result_addr = (uint64_t)at->block->results;
	sqe->result_len = at->block->result_bytes;
	sqe->cap_max = CAPNP_CAPS_MAX;
	capos_submitted(at->service->self);
	return CAP_OK;
}

void
service_init(struct service *service, struct capos *self)
{
	*service = (struct service){ .self = self };
}

enum cap_status
service_add(struct service *service, struct service_endpoint *at, struct capos_cap endpoint,
    struct capos_interface interface, enum capos_block_kind kind)
{
	at->receive.done = on_received;
	at->service = service;
	at->endpoint = endpoint;
	at->interface = interface;
	at->block = capos_block_take(service->self, kind);
	if (at->block == NULL)
		return CAP_ERR_NO_MEMORY;
	at->next = service->endpoints;
	service->endpoints = at;
	return submit_receive(at);
}

int
service_run(struct service *service)
{
	while (!service->is_stopping) {
		enum cap_status status = capos_wait_any(service->self, CAP_DEADLINE_NONE);

		if (status != CAP_OK)
			return (int)status;
	}
	/* Answers that are queued still leave. */
	if (capos_enter(0, CAP_DEADLINE_POLL) < 0)
		return 1;
	return service->exit_code;
}

void
service_stop(struct service *service, int exit_code)
{
	service->is_stopping = true;
	service->exit_code = exit_code;
}

int
capos_serve(struct capos *self, const char *endpoint_name, struct capos_interface interface)
{
	static struct service_endpoint at;
	static struct service service;
	struct capos_cap endpoint;
	enum cap_status status =
	    capos_capset_find(self, endpoint_name, ENDPOINT_INTERFACE_ID, &endpoint);

	service_init(&service, self);
	if (status == CAP_OK)
		status = service_add(&service, &at, endpoint, interface,
		    capos_large_messages.count != 0 ? CAPOS_BLOCK_LARGE : CAPOS_BLOCK_MEDIUM);
	return status == CAP_OK ? service_run(&service) : 1;
}

enum cap_status
capos_fail(const struct capos_caller *caller, enum exception_type type, const char *reason)
{
	struct capos_caller *writable = (struct capos_caller *)(uintptr_t)caller;

	writable->error = (struct capos_error){ type, CAP_OK, capnp_text_from_string(reason) };
	return CAP_ERR_APPLICATION_EXCEPTION;
}

struct capos_ticket
capos_defer(const struct capos_caller *caller)
{
	return (struct capos_ticket){ caller->at->service, caller->delivery->call_id };
}

/* Send an answer from a block of its own, and wait until the kernel has taken it. */
static enum cap_status
return_from(struct capos_ticket ticket, struct capos_block *block, struct answer *answer)
{
	struct capos *self = ticket.service->self;
	struct pending_return pending = { .completion = { on_returned } };
	enum cap_status status;

	answer->call_id = ticket.call_id;
	answer->completion = &pending.completion;
	answer->message = block->params;
	status = submit_return(self, answer);
	while (status == CAP_OK && !pending.is_done)
		status = capos_wait_any(self, CAP_DEADLINE_NONE);
	capos_block_give(self, block);
	return status == CAP_OK ? (enum cap_status)(pending.result < 0 ? pending.result : CAP_OK)
				: status;
}

enum cap_status
capos_reply(struct capos_ticket ticket, void (*fill)(struct capnp_builder *results, void *context),
    void *context)
{
	struct capos_block *block = capos_block_take(ticket.service->self, CAPOS_BLOCK_MEDIUM);
	struct answer answer = { 0 };
	struct capnp_builder results;

	if (block == NULL)
		return CAP_ERR_NO_MEMORY;
	capnp_builder_init(&results, block->params, block->param_bytes);
	fill(&results, context);
	answer.message_bytes = capnp_builder_finish(&results);
	answer.cap_count = results.cap_count;
	if (answer.message_bytes == 0 ||
	    !append_transfers(&results, block->params, block->param_bytes, answer.message_bytes)) {
		capos_block_give(ticket.service->self, block);
		return CAP_ERR_MESSAGE_TOO_LARGE;
	}
	return return_from(ticket, block, &answer);
}

enum cap_status
capos_reply_fail(struct capos_ticket ticket, enum exception_type type, enum cap_status status,
    const char *reason)
{
	struct capos_block *block = capos_block_take(ticket.service->self, CAPOS_BLOCK_MEDIUM);
	struct capos_error error = { type, status, capnp_text_from_string(reason) };
	struct answer answer = { .is_exception = true };

	if (block == NULL)
		return CAP_ERR_NO_MEMORY;
	answer.message_bytes = build_exception(block->params, block->param_bytes, &error);
	return return_from(ticket, block, &answer);
}

enum cap_status
capos_take(const struct capos_caller *caller, struct capnp_reader *params, struct capnp_cap cap,
    struct capos_cap *out)
{
	if (cap.cap_id == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	for (uint32_t i = 0; i < params->cap_count; i++) {
		if (params->caps[i].cap_id != cap.cap_id)
			continue;
		*out =
		    (struct capos_cap){ caller->at->service->self, cap.cap_id, cap.interface_id };
		params->caps[i].cap_id = 0;
		return CAP_OK;
	}
	return CAP_ERR_NOT_FOUND;
}
