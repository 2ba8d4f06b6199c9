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

static inline enum cap_status
send(struct capos_event *event, uint64_t op, struct capos_cap target, uint64_t mask,
    uint64_t deadline_ns)
{
	struct cap_sqe *sqe;

	event->state = CAPOS_CALL_FAILED;
	CAPOS_TRY(capos_submit(target.self, &sqe));
	event->completion.done = on_ended;
	event->self = target.self;
	event->on_done = NULL;
	event->state = CAPOS_CALL_SENT;
	capos_fill(sqe,
	    (struct capos_sqe_words){
		.head = op,
		.target = target.cap_id,
		.user_data = (uint64_t)&event->completion,
		.addr = mask,
		.deadline_ns = deadline_ns,
	    });
	capos_submitted(target.self);
	return CAP_OK;
}

enum cap_status
capos_wait_send(struct capos_event *event, struct notification notification, uint64_t mask,
    uint64_t deadline_ns)
{
	return send(event, CAP_OP_WAIT, notification.cap, mask, deadline_ns);
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

/* The event stands in the caller's frame: whatever ends the wait, it is over. */
static enum cap_status
finish(struct capos_event *event)
{
	enum cap_status status = capos_event_await(event);

	capos_event_end(event);
	return status;
}

enum cap_status
capos_notification_wait(
    struct notification notification, uint64_t mask, uint64_t deadline_ns, uint64_t *bits)
{
	struct capos_event event;

	CAPOS_TRY(capos_wait_send(&event, notification, mask, deadline_ns));
	CAPOS_TRY(finish(&event));
	*bits = event.bits;
	return CAP_OK;
}

enum cap_status
capos_signal(struct signaller signaller, uint64_t mask)
{
	struct capos_event event;

	CAPOS_TRY(send(&event, CAP_OP_SIGNAL, signaller.cap, mask, 0));
	return finish(&event);
}

void
capos_signal_later(struct signaller signaller, uint64_t mask)
{
	struct capos *self = signaller.cap.self;
	struct cap_sqe *sqe;

	/* A ring that cannot take it has failed as a whole; the next wait says so. */
	if (capos_submit(self, &sqe) != CAP_OK)
		return;
	capos_fill(sqe,
	    (struct capos_sqe_words){
		.head = CAP_OP_SIGNAL,
		.target = signaller.cap.cap_id,
		.user_data = CAPOS_UNAWAITED,
		.addr = mask,
	    });
	self->unawaited++;
	capos_submitted(self);
}
