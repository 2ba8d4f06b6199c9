/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capnpc-capos: the plug-in of the stock schema compiler that writes our C. Called by `capnp
 * compile -o`; reads the request from standard input and writes into the current folder:
 * <area>.capnp.h, <area>.server.h, <area>.client.h, <area>.reflect.c.
 */
#include <stdlib.h>

#include "emit.h"

static uint8_t *
read_all(size_t *byte_count)
{
	size_t capacity = 1 << 20;
	uint8_t *bytes = malloc(capacity);

	*byte_count = 0;
	while (bytes != NULL) {
		size_t got = fread(bytes + *byte_count, 1, capacity - *byte_count, stdin);

		*byte_count += got;
		if (*byte_count < capacity)
			return bytes;
		capacity *= 2;
		bytes = realloc(bytes, capacity);
	}
	fprintf(stderr, "capnpc-capos: out of memory\n");
	exit(1);
}

static void
write_file(const struct request *request, view_t file, const char *suffix,
    void (*emit)(struct emitter *, view_t))
{
	struct capnp_text path = node_display_name(file);
	struct emitter emitter = { .request = request };
	const char *name = strrchr(path.data, '/');
	char output[256];

	emitter.schema_name.data = name == NULL ? path.data : name + 1;
	emitter.schema_name.size =
	    (uint32_t)(strstr(emitter.schema_name.data, ".capnp") - emitter.schema_name.data);
	snprintf(output, sizeof(output), "%.*s.%s", (int)emitter.schema_name.size,
	    emitter.schema_name.data, suffix);
	emitter.out = fopen(output, "w");
	if (emitter.out == NULL) {
		perror(output);
		exit(1);
	}
	emit(&emitter, file);
	if (ferror(emitter.out) || fclose(emitter.out) != 0) {
		perror(output);
		exit(1);
	}
}

static void
write_registry(const struct request *request)
{
	FILE *out = fopen("registry.c", "w");

	if (out == NULL) {
		perror("registry.c");
		exit(1);
	}
	emit_registry(request, out);
	if (ferror(out) || fclose(out) != 0) {
		perror("registry.c");
		exit(1);
	}
}

int
main(void)
{
	struct request request;
	size_t byte_count;
	uint8_t *bytes = read_all(&byte_count);

	if (!request_open(&request, bytes, byte_count))
		return 1;
	for (uint32_t i = 0; i < request.files.count; i++) {
		view_t file = request_node(&request, node_id(capnp_list_struct(request.files, i)));

		write_file(&request, file, "capnp.h", emit_messages);
		write_file(&request, file, "server.h", emit_server);
		write_file(&request, file, "client.h", emit_client);
		write_file(&request, file, "reflect.c", emit_reflection);
	}
	write_registry(&request);
	if (capnp_reader_error(&request.reader) != CAPNP_OK) {
		fprintf(stderr, "capnpc-capos: the request is damaged: %s\n",
		    capnp_error_name(capnp_reader_error(&request.reader)));
		return 1;
	}
	free(bytes);
	return 0;
}
