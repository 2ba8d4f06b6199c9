/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls as a kernel that a test plays sees them (fake_kernel.h): their parameters, and answers
 * built where the caller wants them. Included by one file of a test program, as that is.
 */
#include <capnp/builder.h>
#include <capnp/reader.h>
#include <schema/exception.capnp.h>

#include "fake_kernel.h"

/* The parameters of a call, with the capabilities that come along. */
static inline void
fake_params(const struct cap_sqe *sqe, struct capnp_reader *params)
{
	const uint8_t *behind = (const uint8_t *)sqe->addr + ((sqe->len + 7) & ~7U);
	const struct cap_transfer *entries = (const struct cap_transfer *)(const void *)behind;

	(void)!capnp_reader_init_single(params, (const void *)sqe->addr, sqe->len);
	params->cap_count = sqe->xfer_count;
	for (uint32_t i = 0; i < sqe->xfer_count; i++)
		params->caps[i] = (struct capnp_cap){ entries[i].cap_id, 0, entries[i].mode };
}

/* Results are built where the caller wants them. */
static inline void
fake_results(const struct cap_sqe *sqe, struct capnp_builder *results)
{
	capnp_builder_init(results, (void *)sqe->result_addr, sqe->result_len);
}

/* A capability in the results, whose id is in the record of this ordinal. */
static inline struct capnp_cap
fake_cap(void)
{
	return (struct capnp_cap){ 1, 0, CAPNP_CAP_MOVE };
}

static inline void
fake_answer(const struct cap_sqe *sqe, struct capnp_builder *results, const struct cap_record *cap)
{
	size_t bytes = capnp_builder_finish(results);

	if (bytes == 0)
		fake_complete(sqe, CAP_ERR_BUFFER_TOO_SMALL);
	else
		fake_complete_caps(sqe, (int32_t)bytes, cap, cap != NULL);
}

static inline void
fake_answer_empty(const struct cap_sqe *sqe)
{
	struct capnp_builder results;

	fake_results(sqe, &results);
	(void)capnp_builder_root(&results, 0, 0, 0);
	fake_answer(sqe, &results, NULL);
}

static inline void
fake_refuse(const struct cap_sqe *sqe, enum cap_status status)
{
	struct capnp_builder results;
	struct cap_exception_builder exception;

	fake_results(sqe, &results);
	exception = cap_exception_init_root(&results);
	cap_exception_set_type(exception, EXCEPTION_TYPE_FAILED);
	cap_exception_set_status(exception, status);
	(void)capnp_builder_finish(&results);
	fake_complete(sqe, CAP_ERR_APPLICATION_EXCEPTION);
}
