/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the compiler's request; see request.h. */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>

bool
request_open(struct request *request, const void *bytes, size_t byte_count)
{
	enum capnp_error error = capnp_reader_init(&request->reader, bytes, byte_count);
	view_t root;

	if (error != CAPNP_OK) {
		fprintf(stderr, "capnpc-capos: the request is no message: %s\n",
		    capnp_error_name(error));
		return false;
	}
	/* A trusted file that is searched over and over. */
	request->reader.traversal_words = UINT64_MAX;
	root = capnp_reader_root(&request->reader);
	request->nodes = capnp_get_list(root, 0, CAPNP_ELEMENT_STRUCT);
	request->files = capnp_get_list(root, 1, CAPNP_ELEMENT_STRUCT);
	request->sources = capnp_get_list(root, 3, CAPNP_ELEMENT_STRUCT);
	return true;
}

view_t
request_node(const struct request *request, uint64_t id)
{
	for (uint32_t i = 0; i < request->nodes.count; i++) {
		view_t node = capnp_list_struct(request->nodes, i);

		if (node_id(node) == id)
			return node;
	}
	fprintf(stderr, "capnpc-capos: the request has no node 0x%llx\n", (unsigned long long)id);
	exit(1);
}

static view_t
find_source(const struct request *request, uint64_t id)
{
	for (uint32_t i = 0; i < request->sources.count; i++) {
		view_t source = capnp_list_struct(request->sources, i);

		if (node_id(source) == id)
			return source;
	}
	return (view_t){ .reader = request->sources.reader };
}

struct capnp_text
request_comment(const struct request *request, uint64_t id)
{
	return capnp_get_text(find_source(request, id), 0);
}

struct capnp_text
request_member_comment(const struct request *request, uint64_t id, uint32_t index)
{
	struct capnp_list members =
	    capnp_get_list(find_source(request, id), 1, CAPNP_ELEMENT_STRUCT);

	return capnp_get_text(capnp_list_struct(members, index), 0);
}

uint64_t
value_bits(view_t value, enum type_kind kind)
{
	switch (kind) {
	case TYPE_BOOL:
		return capnp_get_bool(value, 16, false);
	case TYPE_INT8:
	case TYPE_UINT8:
		return capnp_get_u8(value, 2, 0);
	case TYPE_INT16:
	case TYPE_UINT16:
	case TYPE_ENUM:
		return capnp_get_u16(value, 2, 0);
	case TYPE_INT32:
	case TYPE_UINT32:
	case TYPE_FLOAT32:
		return capnp_get_u32(value, 4, 0);
	case TYPE_INT64:
	case TYPE_UINT64:
	case TYPE_FLOAT64:
		return capnp_get_u64(value, 8, 0);
	default:
		return 0;
	}
}
