/* SPDX-License-Identifier: Apache-2.0 */
/* The serve loop; see serve.h. */
#include "serve.h"

#include <string.h>

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

/* What was meant for a caller that did not get it: of one that did, the id names nothing any more.
 */
static void
release_moved(struct service_endpoint *at)
{
	for (uint32_t i = 0; i < at->moved_count; i++)
		capos_release((struct capos_cap){ at->service->self, at->moved[i], 0 });
	at->moved_count = 0;
}

/* What the answer moves is no longer among the parameters. */
static void
note_moved(
    struct service_endpoint *at, const struct capnp_builder *results, struct capnp_reader *params)
{
	for (uint32_t i = 0; i < results->cap_count; i++) {
		const struct capnp_cap *cap = &results->caps[i];

		if (cap->mode != CAPNP_CAP_MOVE || cap->cap_id == 0)
			continue;
		at->moved[at->moved_count++] = cap->cap_id;
		for (uint32_t k = 0; k < params->cap_count; k++)
			if (params->caps[k].cap_id == cap->cap_id)
				params->caps[k].cap_id = 0;
	}
}

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
	struct capos_completion *completion; /* NULL: nobody waits for it */
	const uint8_t *message;
	size_t message_bytes;
	uint32_t cap_count;
	bool is_exception;
	enum exception_type type; /* of the exception */
};

static inline uint64_t
return_head(const struct answer *answer)
{
	return CAP_OP_RETURN |
	    (answer->is_exception ? CAP_SQE_EXCEPTION << 8 | (uint64_t)answer->type << 16 : 0);
}

static enum cap_status
submit_return(struct capos *self, const struct answer *answer)
{
	CAPOS_TRY(capos_take_room(self));
	if (answer->completion == NULL)
		self->unawaited++;
	capos_queue(self,
	    (struct capos_sqe_words){
		return_head(answer),
		answer->call_id,
		answer->completion == NULL ? CAPOS_UNAWAITED : (uint64_t)answer->completion,
		(uint64_t)answer->message,
		0,
		(uint32_t)answer->message_bytes,
		(uint64_t)answer->cap_count << 32,
		0,
	    });
	return CAP_OK;
}

static enum cap_status
submit_receive(struct service_endpoint *at)
{
	CAPOS_TRY(capos_take_room(at->service->self));
	capos_queue(at->service->self,
	    (struct capos_sqe_words){
		CAP_OP_RECV,
		at->endpoint.cap_id,
		(uint64_t)&at->receive,
		0,
		(uint64_t)at->block->results,
		(uint64_t)at->block->result_bytes << 32,
		(uint64_t)CAPNP_CAPS_MAX << 40,
		0,
	    });
	at->in_flight = SERVICE_RECEIVE;
	return CAP_OK;
}

_Static_assert(CAPOS_LARGE_PARAM_BYTES <= KERNEL_MESSAGE_BYTES_MAX, "every answer fits a turn");

/* The answer that stands in the endpoint's block; behind it the same submission receives. */
static inline enum cap_status
submit_turn(struct service_endpoint *at, uint64_t head, uint64_t call_id, size_t message_bytes,
    uint32_t cap_count)
{
	struct capos_block *block = at->block;

	CAPOS_TRY(capos_take_room(at->service->self));
	at->in_flight = cap_count == 0 ? SERVICE_TURN : SERVICE_TURN_WITH_CAPS;
	capos_queue(at->service->self,
	    (struct capos_sqe_words){
		head | CAP_SQE_RECEIVE << 8,
		call_id,
		(uint64_t)&at->receive,
		(uint64_t)block->params,
		(uint64_t)block->results,
		message_bytes | (uint64_t)block->result_bytes << 32,
		(uint64_t)cap_count << 32 | (uint64_t)CAPNP_CAPS_MAX << 40,
		at->endpoint.cap_id,
	    });
	return CAP_OK;
}

/* Build a CapException into `buffer`, which has room for the longest. */
static size_t
build_exception_with(
    uint8_t *buffer, uint32_t buffer_bytes, const struct capos_error *error, bool with_reason)
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
	if (with_reason)
		cap_exception_set_reason(exception, reason);
	return capnp_builder_finish(&builder);
}

/* The type says what to do: the sentence is left out where the caller has no room for it. */
static size_t
build_exception(struct capos_block *block, uint32_t room, const struct capos_error *error)
{
	size_t bytes = build_exception_with(block->params, block->param_bytes, error, true);

	return bytes <= room
	    ? bytes
	    : build_exception_with(block->params, block->param_bytes, error, false);
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

static inline bool
all_taken(const struct capnp_reader *params)
{
	for (uint32_t i = 0; i < params->cap_count; i++)
		if (params->caps[i].cap_id != 0)
			return false;
	return true;
}

static void
release_untaken(struct capos *self, const struct capnp_reader *params)
{
	for (uint32_t i = 0; i < params->cap_count; i++)
		if (params->caps[i].cap_id != 0)
			capos_release((struct capos_cap){
			    self, params->caps[i].cap_id, params->caps[i].interface_id });
}

static enum capnp_error
open_params(struct capnp_reader *params, const struct cap_delivery *delivery)
{
	enum capnp_error error =
	    capnp_reader_init_single(params, delivery + 1, delivery->param_bytes);

	return error == CAPNP_OK ? error
				 : capnp_reader_init(params, delivery + 1, delivery->param_bytes);
}

/* Open the parameters and run the method. */
static __attribute__((noinline)) enum cap_status
run_opened(struct service_endpoint *at)
{
	const struct capos_interface *interface = &at->interface;
	const struct cap_delivery *delivery = at->caller.delivery;
	struct capnp_reader *params = &at->exchange.reader;
	enum capnp_error error = open_params(params, delivery);
	enum cap_status status;

	params->cap_count = 0;
	/* They are the server's now, even if the message is no good. */
	if (delivery->cap_count != 0)
		read_caps(params, delivery);
	if (error != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (delivery->interface_id != interface->interface_id)
		return CAP_ERR_WRONG_INTERFACE;
	status = interface->dispatch(
	    interface->server, delivery->method, params, &at->exchange.results, &at->caller);
	error = capnp_reader_error(params);
	/* What is wrong with this message is not with the next one, which may be flat. */
	params->error = CAPNP_OK;
	return status == CAP_OK && error != CAPNP_OK ? CAP_ERR_MALFORMED_MESSAGE : status;
}

/* A flat message needs not be opened. */
static inline enum cap_status
run_method(struct service_endpoint *at)
{
	const struct cap_delivery *delivery = at->caller.delivery;
	struct capnp_flat_exchange *exchange = &at->exchange;
	enum cap_status status;

	capnp_builder_reset(&exchange->results);
	exchange->message.byte_count = delivery->param_bytes;
	exchange->reader.cap_count = 0;
	if (delivery->interface_id != at->interface.interface_id)
		return run_opened(at);
	if (delivery->cap_count != 0)
		read_caps(&exchange->reader, delivery);
	status = at->interface.dispatch_flat(at->interface.server, delivery->method, exchange);
	return status == CAPNP_NOT_FLAT ? run_opened(at) : status;
}

/* The results if they are good, else an exception, stand in the endpoint's block. */
static void
finish_answer(struct capos_caller *caller, enum cap_status status, struct capnp_builder *results,
    struct answer *answer)
{
	struct capos_block *block = caller->at->block;

	if (status == CAP_OK) {
		answer->message_bytes = capnp_builder_finish(results);
		answer->cap_count = results->cap_count;
		if (answer->message_bytes != 0 &&
		    (answer->cap_count == 0 ||
			append_transfers(
			    results, block->params, block->param_bytes, answer->message_bytes)))
			return;
		status = CAP_ERR_MESSAGE_TOO_LARGE;
	}
	release_moved(caller->at);
	if (status != CAP_ERR_APPLICATION_EXCEPTION)
		caller->error = (struct capos_error){ exception_type_of(status), status,
			capnp_text_from_string(cap_status_sentence(status)) };
	answer->message_bytes =
	    build_exception(block, caller->delivery->result_len, &caller->error);
	answer->cap_count = 0;
	answer->is_exception = true;
	answer->type = caller->error.type;
}

/* Queue the answer, and the next RECV. */
static enum cap_status
submit_answer(
    struct service_endpoint *at, const struct answer *answer, const struct capnp_reader *params)
{
	if (at->service->is_stopping)
		CAPOS_TRY(submit_return(at->service->self, answer));
	else
		CAPOS_TRY(submit_turn(at, return_head(answer), answer->call_id,
		    answer->message_bytes, answer->cap_count));
	/* After the answer, which may carry copies of them. */
	release_untaken(at->service->self, params);
	return CAP_OK;
}

/* The method has kept its call. */
static __attribute__((noinline)) enum cap_status
keep_open(struct service_endpoint *at, const struct capnp_reader *params)
{
	release_moved(at);
	release_untaken(at->service->self, params);
	return at->service->is_stopping ? CAP_OK : submit_receive(at);
}

/* Capabilities, an exception, or a call that the method has kept. */
static __attribute__((noinline)) enum cap_status
answer_otherwise(struct service_endpoint *at, enum cap_status status)
{
	struct capnp_reader *params = &at->exchange.reader;
	struct capnp_builder *results = &at->exchange.results;
	struct answer answer = { .call_id = at->caller.delivery->call_id,
		.message = at->block->params };

	at->moved_count = 0;
	if (results->cap_count != 0) {
		at->answered = capos_defer(&at->caller);
		note_moved(at, results, params);
	}
	if (status == CAPOS_DEFERRED)
		return keep_open(at, params);
	finish_answer(&at->caller, status, results, &answer);
	/* Told: the next one is another call's. */
	at->caller.error = (struct capos_error){ 0 };
	return submit_answer(at, &answer, params);
}

/* Run the method of the call that has arrived, and queue its answer. False: none is waited for. */
static inline bool
answer_call(struct service_endpoint *at)
{
	struct capnp_builder *results = &at->exchange.results;
	enum cap_status status = run_method(at);
	size_t bytes = 0;

	if (status == CAP_OK && results->cap_count == 0 && all_taken(&at->exchange.reader) &&
	    !at->service->is_stopping)
		bytes = capnp_builder_finish(results);
	status = bytes != 0 ? submit_turn(at, CAP_OP_RETURN, at->caller.delivery->call_id, bytes, 0)
			    : answer_otherwise(at, status);
	if (status == CAP_OK)
		return bytes != 0 || !at->service->is_stopping;
	service_stop(at->service, 1);
	return false;
}

/* Methods do not run here: another one may be waiting for a completion. */
static void
on_received(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	struct service_endpoint *at = (struct service_endpoint *)completion;

	at->received = cqe->result;
	at->next_ready = NULL;
	*at->service->ready_end = at;
	at->service->ready_end = &at->next_ready;
}

/* What came is told to whom it is for; the loop goes on from there. */
static __attribute__((noinline)) bool
reap_unusually(struct capos *self)
{
	(void)capos_reap(self);
	return false;
}

/* Releases, of which nobody hears; false: something else has ended. */
static __attribute__((noinline)) bool
reap_releases(struct capos *self, uint32_t count)
{
	while (count != 0 && capos_pass_unheard(self))
		count--;
	return count == 0;
}

/*
 * The usual turn of a service with one endpoint: only the next RECV is waited for, and what was
 * queued before it ends with it. True: a call was received. False: the loop has to look what came.
 */
static inline bool
receive_alone(struct service_endpoint *at)
{
	struct capos *self = at->service->self;
	uint32_t others = self->unawaited;
	const struct cap_cqe *received;

	if (capos_in_flight(self) != others + 1 || at->service->ready != NULL ||
	    capos_enter(others + 1, CAP_DEADLINE_NONE) != others + 1)
		return false;
	/* The kernel's entry orders what it wrote before what is read here. */
	if (others != 0 && !reap_releases(self, others))
		return reap_unusually(self);
	received = capos_next_completion(self);
	if (received->user_data != (uint64_t)&at->receive || received->result < 0)
		return reap_unusually(self);
	self->cq_head++;
	capos_passed(self);
	return true;
}

/*
 * An answer with capabilities was refused. A caller that is gone is no failure of the server; one
 * that takes fewer than there are, say, still waits, and its call has a place here.
 */
static enum cap_status
tell_without_caps(struct capos_ticket ticket, enum cap_status status)
{
	return status == CAP_ERR_CALL_GONE ? status
					   : capos_reply_fail(ticket, exception_type_of(status),
						 status, cap_status_sentence(status));
}

static void
caps_not_returned(struct service_endpoint *at, enum cap_status status)
{
	release_moved(at);
	status = tell_without_caps(at->answered, status);
	if (status != CAP_OK && status != CAP_ERR_CALL_GONE)
		service_stop(at->service, 1);
}

/*
 * A turn fails by its RETURN, too: then the next RECV is still to come. If it was the RECV, that
 * one fails as well.
 */
static void
receive_failed(struct service_endpoint *at)
{
	enum cap_status status = (enum cap_status)at->received;

	/* The loop is ending. */
	if (status == CAP_ERR_CANCELLED)
		return;
	if (at->in_flight != SERVICE_RECEIVE && status != CAP_ERR_DISCONNECTED) {
		if (at->in_flight == SERVICE_TURN_WITH_CAPS)
			caps_not_returned(at, status);
		status = submit_receive(at);
	}
	/* The endpoint is gone. */
	if (status != CAP_OK)
		service_stop(at->service, 1);
}

static void
serve_received(struct service_endpoint *at)
{
	if (at->received < 0) {
		receive_failed(at);
		return;
	}
	while (answer_call(at) && receive_alone(at))
		continue;
}

void
service_init(struct service *service, struct capos *self)
{
	*service = (struct service){ .self = self, .ready_end = &service->ready };
}

enum cap_status
service_add(struct service *service, struct service_endpoint *at, struct capos_cap endpoint,
    struct capos_interface interface, enum capos_block_kind kind)
{
	at->receive.done = on_received;
	at->moved_count = 0;
	at->service = service;
	at->endpoint = endpoint;
	at->interface = interface;
	at->block = capos_block_take(service->self, kind);
	if (at->block == NULL)
		return CAP_ERR_NO_MEMORY;
	at->caller = (struct capos_caller){ .at = at,
		.delivery = (const struct cap_delivery *)(const void *)at->block->results };
	at->exchange.caller = &at->caller;
	at->exchange.reader.error = CAPNP_OK;
	at->exchange.message.words = (const uint64_t *)(const void *)(at->caller.delivery + 1);
	capnp_builder_init(&at->exchange.results, at->block->params, at->block->param_bytes);
	at->next = service->endpoints;
	service->endpoints = at;
	return submit_receive(at);
}

static struct service_endpoint *
take_ready(struct service *service)
{
	struct service_endpoint *at = service->ready;

	if (at == NULL)
		return NULL;
	service->ready = at->next_ready;
	if (service->ready == NULL)
		service->ready_end = &service->ready;
	return at;
}

int
service_run(struct service *service)
{
	while (!service->is_stopping) {
		struct service_endpoint *at = take_ready(service);
		enum cap_status status = CAP_OK;

		if (at != NULL)
			serve_received(at);
		else
			status = capos_wait_any(service->self, CAP_DEADLINE_NONE);
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
	return (struct capos_ticket){ caller->at->service, caller->delivery->call_id,
		caller->delivery->result_len };
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

static struct capos_block *
answer_block(struct capos *self)
{
	struct capos_block *block = capos_block_take(self, CAPOS_BLOCK_LARGE);

	return block != NULL ? block : capos_block_take(self, CAPOS_BLOCK_MEDIUM);
}

enum cap_status
capos_reply(struct capos_ticket ticket, void (*fill)(struct capnp_builder *results, void *context),
    void *context)
{
	struct capos_block *block = answer_block(ticket.service->self);
	struct answer answer = { 0 };
	struct capnp_builder results;
	enum cap_status status;
	enum cap_status told;

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
	status = return_from(ticket, block, &answer);
	if (status == CAP_OK || answer.cap_count == 0)
		return status;
	told = tell_without_caps(ticket, status);
	return told == CAP_OK ? status : told;
}

enum cap_status
capos_reply_fail(struct capos_ticket ticket, enum exception_type type, enum cap_status status,
    const char *reason)
{
	struct capos_block *block = capos_block_take(ticket.service->self, CAPOS_BLOCK_MEDIUM);
	struct capos_error error = { type, status, capnp_text_from_string(reason) };
	struct answer answer = { .is_exception = true, .type = type };

	if (block == NULL)
		return CAP_ERR_NO_MEMORY;
	answer.message_bytes = build_exception(block, ticket.result_bytes, &error);
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
