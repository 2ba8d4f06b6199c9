/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one pipe and writes another. A byte of zero ends the process at once, in the middle of what
 * it does: so its peers see a death. CapSet: `filter` (Endpoint: serves ByteFilter).
 */
#include <capos/capos.h>
#include <schema/byte_filter.server.h>
#include <service/pipe.h>
#include <service/take_shared.h>

#define CHUNK 512
#define DIED 9

CAPOS_LARGE_MESSAGES(1);

static struct pipe_end input;
static struct pipe_end output;

static enum cap_status
accept(const struct capos_caller *caller, struct shared_buffer from, struct pipe_end *out)
{
	struct shared_parts parts;
	enum cap_status status;

	CAPOS_TRY(service_take_shared(caller, from, &parts));
	status = pipe_accept(&parts, out);
	if (status != CAP_OK)
		shared_parts_release(&parts);
	return status;
}

/* Upper case. A zero is not survived. */
static void
convert(uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (bytes[i] == 0)
			capos_exit(DIED);
		if (bytes[i] >= 'a' && bytes[i] <= 'z')
			bytes[i] = (uint8_t)(bytes[i] - 'a' + 'A');
	}
}

static enum cap_status
run(uint64_t limit, uint64_t *bytes)
{
	static uint8_t chunk[CHUNK];

	for (*bytes = 0; *bytes != limit;) {
		uint64_t left = limit - *bytes;
		struct pipe_space space = { chunk, left < CHUNK ? (uint32_t)left : CHUNK };
		uint32_t read;
		uint32_t written;
		enum cap_status status = pipe_read(&input, space, 0, &read);

		if (status == CAP_ERR_END_OF_STREAM)
			return CAP_OK;
		if (status != CAP_OK)
			return status;
		convert(chunk, read);
		CAPOS_TRY(pipe_write(&output, (struct capnp_data){ chunk, read }, 0, &written));
		*bytes += read;
	}
	return CAP_OK;
}

static enum cap_status
filter(struct byte_filter_server *server, struct byte_filter_filter_params params,
    struct byte_filter_filter_results_builder results, const struct capos_caller *caller)
{
	uint64_t limit = byte_filter_filter_params_limit(params);
	uint64_t bytes = 0;
	enum cap_status status;

	(void)server;
	CAPOS_TRY(accept(caller, byte_filter_filter_params_input(params), &input));
	status = accept(caller, byte_filter_filter_params_output(params), &output);
	if (status == CAP_OK && (pipe_writes(&input) || !pipe_writes(&output)))
		status = CAP_ERR_INVALID_ARGUMENT;
	if (status == CAP_OK)
		status = run(limit == 0 ? UINT64_MAX : limit, &bytes);
	pipe_close(&input);
	pipe_close(&output);
	byte_filter_filter_results_set_bytes(results, bytes);
	return status;
}

static const struct byte_filter_methods methods = { .filter = filter };
BYTE_FILTER_SERVE_WITH(methods)

int
capos_main(struct capos *self)
{
	return capos_serve(self, "filter", byte_filter_interface(NULL));
}
