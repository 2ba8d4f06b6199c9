/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls on the results of calls that have not been answered yet:
 *
 *   file_system_open_begin(&open, file_system);
 *   CAPOS_TRY(capos_call_send(&open));
 *   directory_find_begin(&find, file_system_open_promised_directory(&open));
 *   CAPOS_TRY(capos_call_send(&find));                    both reach the kernel in one entry
 *   ...
 *   capos_call_end(&find);
 *   capos_call_end(&open);
 *
 * A promise stands where a capability would as the target of calls, in the same functions. It is no
 * handle: it cannot go along as a parameter, is not released, and is of no use after
 * capos_call_end() of its call. If that call fails, calls on it fail with an exception of the same
 * type.
 *
 * Promises are the calling thread's. So many calls can have some at once (CAP_ANSWERS_MAX, 16),
 * from their first promise to their end.
 */
#include "call.h"

/*
 * Capability `ordinal` of the call's answer: capability fields of a result struct are numbered from
 * 0 in the schema's order; generated clients have a <method>_promised_<field>(&call) for each.
 * Before the call is sent, after that but before anybody waited or flushed, or when it is done:
 * else the kernel has taken the call without a name for its answer, and calls on this end with
 * CAP_ERR_UNKNOWN_ANSWER, as they do if too many calls have promises.
 */
struct capos_cap capos_promised(struct capos_call *call, uint32_t ordinal);

/*
 * The call's capabilities are wanted for promised calls alone: none arrives here, and none has to
 * be released. With the first promise at the latest, before send.
 */
static inline void
capos_call_promise_only(struct capos_call *call)
{
	call->promise_only = true;
}

/*
 * The same for one promised call alone: nothing has to be finished behind it, which costs less. A
 * second call on its promises ends with CAP_ERR_UNKNOWN_ANSWER. Before the first promise.
 */
static inline void
capos_call_promise_once(struct capos_call *call)
{
	call->promise_only = true;
	call->promise_once = true;
}
