/* SPDX-License-Identifier: Apache-2.0 */
/* SIGNAL and WAIT; see notification.h. */
#include "notification.h"

#include "capos.h"

static void
on_ended(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	struct capos_event *event = (struct capos_event *)completion;

	event->result = cqe->result;
	event->bits = cqe->bits;
	event->state = CAPOS_CALL_DONE;
	if (event->on_done != NULL)
		event->on_done(event, event->context);
}

static inline void
prepare(struct capos_event *event, struct capos *self)
{
	event->completion.done = on_ended;
	event->self = self;
	event->on_done = NULL;
	event->state = CAPOS_CALL_SENT;
}

static inline void
submit(struct capos *self, const struct capos_event *event, struct capos_sqe_words words)
{
	words.user_data = (uint64_t)&event->completion;
	capos_queue(self, words);
}

static inline enum cap_status
send(struct capos_event *event, struct capos *self, struct capos_sqe_words words)
{
	event->state = CAPOS_CALL_FAILED;
	CAPOS_TRY(capos_take_room(self));
	prepare(event, self);
	submit(self, event, words);
	return CAP_OK;
}

static inline struct capos_sqe_words
signal_words(struct signaller signaller, uint64_t mask)
{
	return (struct capos_sqe_words){
		.head = CAP_OP_SIGNAL,
		.target = signaller.cap.cap_id,
		.addr = mask,
	};
}

static inline struct capos_sqe_words
wait_words(struct notification notification, uint64_t mask, uint64_t deadline_ns)
{
	return (struct capos_sqe_words){
		.head = CAP_OP_WAIT,
		.target = notification.cap.cap_id,
		.addr = mask,
		.deadline_ns = deadline_ns,
	};
}

enum cap_status
capos_wait_send(struct capos_event *event, struct notification notification, uint64_t mask,
    uint64_t deadline_ns)
{
	return send(event, notification.cap.self, wait_words(notification, mask, deadline_ns));
}

enum cap_status
capos_event_await(struct capos_event *event)
{
	while (event->state == CAPOS_CALL_SENT)
		CAPOS_TRY(capos_wait_any(event->self, CAP_DEADLINE_NONE));
	return event->state == CAPOS_CALL_DONE ? (enum cap_status)event->result
					       : CAP_ERR_WRONG_STATE;
}

void
capos_event_end(struct capos_event *event)
{
	if (event->state != CAPOS_CALL_SENT)
		return;
	/* Its completion names the event, which may not go before it. If the ring has failed, the
	 * end cannot be known: the program ends. */
	if (capos_finish(event->self, &event->completion) != CAP_OK)
		capos_exit(CAPOS_EXIT_PANIC);
	while (event->state == CAPOS_CALL_SENT)
		if (capos_wait_any(event->self, CAP_DEADLINE_NONE) != CAP_OK)
			capos_exit(CAPOS_EXIT_PANIC);
}

/* Others are in flight, or the entry failed: the event stands in the caller's frame, so that
 * whatever ends the wait, it is over. */
static __attribute__((noinline)) enum cap_status
finish(struct capos_event *event)
{
	enum cap_status status = capos_event_await(event);

	capos_event_end(event);
	return status;
}

static __attribute__((noinline)) enum cap_status
run_among_others(struct capos_event *event, struct capos *self, struct capos_sqe_words words)
{
	CAPOS_TRY(send(event, self, words));
	return finish(event);
}

static __attribute__((noinline)) enum cap_status
finish_unusually(struct capos_event *event, struct capos *self)
{
	capos_passed(self);
	prepare(event, self);
	return finish(event);
}

/* Signals that nobody waits for have ended, `count` of them; false: something else has. */
static inline bool
reap_signals(struct capos *self, uint32_t count)
{
	while (count != 0 && capos_pass_unheard(self))
		count--;
	return count == 0;
}

/* Send and wait. Usually nothing else is in flight but signals that nobody waits for, so that its
 * completion is the last one that comes. */
static inline __attribute__((always_inline)) enum cap_status
run(struct capos_event *event, struct capos *self, struct capos_sqe_words words)
{
	uint32_t signals = capos_in_flight(self);
	const struct cap_cqe *cqe;
	enum cap_status status;

	if (__builtin_expect(signals != self->unawaited || signals > self->sq_mask, 0))
		return run_among_others(event, self, words);
	submit(self, event, words);
	/* The kernel's entry orders what it wrote before what is read here. */
	if (__builtin_expect(capos_enter(signals + 1, CAP_DEADLINE_NONE) != signals + 1, 0) ||
	    __builtin_expect(!reap_signals(self, signals), 0))
		return finish_unusually(event, self);
	cqe = capos_next_completion(self);
	event->bits = cqe->bits;
	status = (enum cap_status)cqe->result;
	self->cq_head++;
	capos_passed(self);
	return status;
}

enum cap_status
capos_notification_wait(
    struct notification notification, uint64_t mask, uint64_t deadline_ns, uint64_t *bits)
{
	struct capos_event event;

	CAPOS_TRY(run(&event, notification.cap.self, wait_words(notification, mask, deadline_ns)));
	*bits = event.bits;
	return CAP_OK;
}

static __attribute__((noinline)) enum cap_status
signal_among_others(struct capos *self, uint64_t cap_id, uint64_t mask)
{
	struct capos_event event;
	struct signaller signaller = { .cap = { self, cap_id, 0 } };

	CAPOS_TRY(send(&event, self, signal_words(signaller, mask)));
	return finish(&event);
}

/* As run(), and it has no bits to tell of. */
enum cap_status
capos_signal(struct signaller signaller, uint64_t mask)
{
	struct capos *self = signaller.cap.self;
	struct capos_event event;
	enum cap_status status;

	if (__builtin_expect(capos_in_flight(self) != 0, 0))
		return signal_among_others(self, signaller.cap.cap_id, mask);
	submit(self, &event, signal_words(signaller, mask));
	if (__builtin_expect(capos_enter(1, CAP_DEADLINE_NONE) != 1, 0))
		return finish_unusually(&event, self);
	status = (enum cap_status)capos_next_completion(self)->result;
	self->cq_head++;
	capos_passed(self);
	return status;
}

void
capos_signal_later(struct signaller signaller, uint64_t mask)
{
	struct capos *self = signaller.cap.self;
	struct capos_sqe_words words = signal_words(signaller, mask);

	/* A ring that cannot take it has failed as a whole; the next wait says so. */
	if (capos_take_room(self) != CAP_OK)
		return;
	words.user_data = CAPOS_UNAWAITED;
	self->unawaited++;
	capos_queue(self, words);
}
