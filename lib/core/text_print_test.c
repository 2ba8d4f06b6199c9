/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as text: what is not set is left out, and a type that contains itself ends. */
#include <capnp/builder.h>
#include <string.h>

#include "base/test.h"
#include "text.h"

extern const struct reflect_struct node_type;

static const struct reflect_field node_fields[] = {
	{ .name = "number",
	    .type = { .kind = REFLECT_UINT32 },
	    .discriminant = REFLECT_NO_DISCRIMINANT },
	{ .name = "text",
	    .type = { .kind = REFLECT_TEXT },
	    .offset = 0,
	    .discriminant = REFLECT_NO_DISCRIMINANT },
	{ .name = "next",
	    .type = { .kind = REFLECT_STRUCT, .structure = &node_type },
	    .offset = 1,
	    .discriminant = REFLECT_NO_DISCRIMINANT },
	{ .name = "greeting",
	    .type = { .kind = REFLECT_TEXT },
	    .offset = 2,
	    .discriminant = REFLECT_NO_DISCRIMINANT,
	    .has_default = true },
};

const struct reflect_struct node_type = {
	.name = "Node",
	.data_words = 1,
	.pointer_count = 3,
	.field_count = 4,
	.fields = node_fields,
};

static uint64_t message[64];
static char text[4096];

static struct capnp_struct_builder
start(struct capnp_builder *builder)
{
	memset(message, 0, sizeof(message));
	capnp_builder_init(builder, message, sizeof(message));
	return capnp_builder_root(builder, 1, 3, 0);
}

static const char *
print(struct capnp_builder *builder)
{
	struct capnp_printer printer = { .buffer = text, .capacity = sizeof(text) - 1 };
	struct capnp_reader reader;

	CHECK_EQ(capnp_reader_init(&reader, message, capnp_builder_finish(builder)), CAPNP_OK);
	capnp_print_struct(&printer, &node_type, capnp_reader_root(&reader));
	CHECK(!printer.is_cut);
	text[printer.used] = '\0';
	return text;
}

TEST(what_is_not_set_is_left_out)
{
	struct capnp_builder builder;
	struct capnp_struct_builder node = start(&builder);

	capnp_set_u32(node, 0, 7, 0);
	CHECK_STR(print(&builder), "(number = 7, text = \"\")");
}

TEST(what_is_set_is_shown_as_deep_as_it_goes)
{
	struct capnp_builder builder;
	struct capnp_struct_builder node = start(&builder);
	struct capnp_struct_builder next;

	capnp_set_u32(node, 0, 1, 0);
	capnp_any_set_text(capnp_set_any(node, 0), CAPNP_TEXT("a\"b"));
	capnp_any_set_text(capnp_set_any(node, 2), CAPNP_TEXT("hello"));
	next = capnp_any_init_struct(capnp_set_any(node, 1), 1, 3);
	capnp_set_u32(next, 0, 2, 0);
	CHECK_STR(print(&builder),
	    "(number = 1, text = \"a\\\"b\", next = (number = 2, text = \"\"), greeting = \"hello\")");
}
