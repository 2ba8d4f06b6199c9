/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the kernel busy: 16 NOPs at each entry, never waiting, until somebody calls its endpoint.
 * CapSet: `stop` (Endpoint). Exits with 5.
 */
#include <capos/capos.h>
#include <schema/endpoint.capnp.h>

#define BATCH 16
#define EXIT_STOPPED 5

static bool is_stopped;
static _Alignas(8) uint8_t delivery[256];

static void
on_nop(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	(void)completion;
	(void)cqe;
}

static void
on_call(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	(void)completion;
	(void)cqe;
	is_stopped = true;
}

static struct capos_completion nop_completion = { on_nop };
static struct capos_completion call_completion = { on_call };

static enum cap_status
queue(struct capos *self, const struct cap_sqe *sqe)
{
	struct cap_sqe *slot;

	CAPOS_TRY(capos_submit(self, &slot));
	*slot = *sqe;
	capos_submitted(self);
	return CAP_OK;
}

static enum cap_status
flood(struct capos *self, cap_id_t endpoint)
{
	const struct cap_sqe nop = { .op = CAP_OP_NOP, .user_data = (uint64_t)&nop_completion };
	const struct cap_sqe receive = { .op = CAP_OP_RECV,
		.target = endpoint,
		.user_data = (uint64_t)&call_completion,
		.result_addr = (uint64_t)delivery,
		.result_len = sizeof(delivery) };

	CAPOS_TRY(queue(self, &receive));
	while (!is_stopped) {
		for (uint32_t i = 0; i < BATCH; i++)
			CAPOS_TRY(queue(self, &nop));
		if (capos_enter(0, CAP_DEADLINE_POLL) < 0)
			return CAP_ERR_WRONG_STATE;
		(void)capos_reap(self);
	}
	return CAP_OK;
}

int
capos_main(struct capos *self)
{
	struct capos_cap endpoint;

	if (capos_capset_find(self, "stop", ENDPOINT_INTERFACE_ID, &endpoint) != CAP_OK)
		return 1;
	return flood(self, endpoint.cap_id) == CAP_OK ? EXIT_STOPPED : 2;
}
