/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to text by the accessors that the generator wrote: the same text as by reflection, so
 * that offsets, defaults, unions and lists of both are checked against each other. Each field of
 * features.capnp is named here.
 */
#include <core/float_text.h>
#include <features.capnp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop.h"

/* A struct on its way out. */
struct output {
	FILE *file;
	bool reads_defaults;
	bool has_fields;
};

typedef void element_print_fn(FILE *file, struct capnp_list list, uint32_t index);

static void print_everything(struct output output, struct everything from);

static struct output
open_struct(const struct output *around)
{
	fputc('(', around->file);
	return (struct output){ around->file, around->reads_defaults, false };
}

static FILE *
name_field(struct output *output, const char *name)
{
	fprintf(output->file, "%s%s = ", output->has_fields ? ", " : "", name);
	output->has_fields = true;
	return output->file;
}

static void
print_bool(FILE *file, bool value)
{
	fputs(value ? "true" : "false", file);
}

static void
print_float(FILE *file, float value)
{
	char text[FLOAT_TEXT_BYTES_MAX];

	(void)float_text_print(&float_binary32, capnp_float_bits(value), text);
	fputs(text, file);
}

static void
print_double(FILE *file, double value)
{
	char text[FLOAT_TEXT_BYTES_MAX];

	(void)float_text_print(&float_binary64, capnp_double_bits(value), text);
	fputs(text, file);
}

static void
print_color(FILE *file, enum color color)
{
	static const char *const names[COLOR_COUNT] = {
		[COLOR_RED] = "red", [COLOR_GREEN] = "green", [COLOR_DARK_BLUE] = "darkBlue"
	};

	fputs(names[color], file);
}

static void
print_text(FILE *file, struct capnp_text text)
{
	fputc('"', file);
	for (uint32_t i = 0; i < text.size; i++) {
		uint8_t byte = (uint8_t)text.data[i];

		if (byte == '"' || byte == '\\')
			fprintf(file, "\\%c", byte);
		else if (byte == '\n' || byte == '\t')
			fputs(byte == '\n' ? "\\n" : "\\t", file);
		else if (byte < ' ' || byte == 0x7f)
			fprintf(file, "\\x%02x", byte);
		else
			fputc(byte, file);
	}
	fputc('"', file);
}

static void
print_data(FILE *file, struct capnp_data data)
{
	fputs(data.size == 0 ? "\"" : "0x\"", file);
	for (uint32_t i = 0; i < data.size; i++)
		fprintf(file, "%02x", data.data[i]);
	fputc('"', file);
}

static void
print_list(FILE *file, struct capnp_list list, element_print_fn *print_element)
{
	fputc('[', file);
	for (uint32_t i = 0; i < list.count; i++) {
		fputs(i == 0 ? "" : ", ", file);
		print_element(file, list, i);
	}
	fputc(']', file);
}

static void
void_element(FILE *file, struct capnp_list list, uint32_t index)
{
	(void)list;
	(void)index;
	fputs("void", file);
}

static void
bool_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_bool(file, capnp_list_bool(list, index));
}

static void
int8_element(FILE *file, struct capnp_list list, uint32_t index)
{
	fprintf(file, "%d", (int8_t)capnp_list_u8(list, index));
}

static void
int16_element(FILE *file, struct capnp_list list, uint32_t index)
{
	fprintf(file, "%d", (int16_t)capnp_list_u16(list, index));
}

static void
uint16_element(FILE *file, struct capnp_list list, uint32_t index)
{
	fprintf(file, "%u", capnp_list_u16(list, index));
}

static void
int32_element(FILE *file, struct capnp_list list, uint32_t index)
{
	fprintf(file, "%" PRId32, (int32_t)capnp_list_u32(list, index));
}

static void
int64_element(FILE *file, struct capnp_list list, uint32_t index)
{
	fprintf(file, "%" PRId64, (int64_t)capnp_list_u64(list, index));
}

static void
float_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_float(file, capnp_float(capnp_list_u32(list, index)));
}

static void
double_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_double(file, capnp_double(capnp_list_u64(list, index)));
}

static void
color_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_color(file, (enum color)capnp_list_u16(list, index));
}

static void
text_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_text(file, capnp_any_text(capnp_list_any(list, index)));
}

static void
data_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_data(file, capnp_any_data(capnp_list_any(list, index)));
}

static void
matrix_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_list(
	    file, capnp_any_list(capnp_list_any(list, index), CAPNP_ELEMENT_4), int32_element);
}

static void
texts_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_list(
	    file, capnp_any_list(capnp_list_any(list, index), CAPNP_ELEMENT_POINTER), text_element);
}

static void
cube_element(FILE *file, struct capnp_list list, uint32_t index)
{
	print_list(file, capnp_any_list(capnp_list_any(list, index), CAPNP_ELEMENT_POINTER),
	    texts_element);
}

static void
print_leaf(struct output output, struct leaf from)
{
	fprintf(name_field(&output, "number"), "%" PRIu32, leaf_number(from));
	print_text(name_field(&output, "text"), leaf_text(from));
	fputc(')', output.file);
}

static void
print_leaves(struct output *output, const char *name, struct leaf_list leaves)
{
	fputc('[', name_field(output, name));
	for (uint32_t i = 0; i < leaf_list_size(leaves); i++) {
		fputs(i == 0 ? "" : ", ", output->file);
		print_leaf(open_struct(output), leaf_at(leaves, i));
	}
	fputc(']', output->file);
}

static void
print_children(struct output *output, struct everything_list children)
{
	fputc('[', name_field(output, "children"));
	for (uint32_t i = 0; i < everything_list_size(children); i++) {
		fputs(i == 0 ? "" : ", ", output->file);
		print_everything(open_struct(output), everything_at(children, i));
	}
	fputc(']', output->file);
}

static void
print_scalars(struct output *output, struct everything from)
{
	fputs("void", name_field(output, "nothing"));
	print_bool(name_field(output, "flag"), everything_flag(from));
	fprintf(name_field(output, "tiny"), "%d", everything_tiny(from));
	fprintf(name_field(output, "small"), "%d", everything_small(from));
	fprintf(name_field(output, "medium"), "%" PRId32, everything_medium(from));
	fprintf(name_field(output, "large"), "%" PRId64, everything_large(from));
	fprintf(name_field(output, "unsignedTiny"), "%u", everything_unsigned_tiny(from));
	fprintf(name_field(output, "unsignedSmall"), "%u", everything_unsigned_small(from));
	fprintf(name_field(output, "unsignedMedium"), "%" PRIu32, everything_unsigned_medium(from));
	fprintf(name_field(output, "unsignedLarge"), "%" PRIu64, everything_unsigned_large(from));
	print_float(name_field(output, "single"), everything_single(from));
	print_double(name_field(output, "double"), everything_double(from));
	print_text(name_field(output, "text"), everything_text(from));
	print_data(name_field(output, "data"), everything_data(from));
	print_color(name_field(output, "color"), everything_color(from));
}

static void
print_structs(struct output *output, struct everything from)
{
	if (everything_has_leaf(from)) {
		(void)name_field(output, "leaf");
		print_leaf(open_struct(output), everything_leaf(from));
	}
	if (everything_has_child(from)) {
		(void)name_field(output, "child");
		print_everything(open_struct(output), everything_child(from));
	}
}

static void
print_defaults(struct output *output, struct everything from)
{
	print_bool(name_field(output, "flagDefault"), everything_flag_default(from));
	fprintf(name_field(output, "numberDefault"), "%" PRId32, everything_number_default(from));
	fprintf(name_field(output, "largeDefault"), "%" PRIu64, everything_large_default(from));
	print_color(name_field(output, "colorDefault"), everything_color_default(from));
	if (everything_has_text_default(from) || output->reads_defaults)
		print_text(name_field(output, "textDefault"), everything_text_default(from));
	if (everything_has_data_default(from) || output->reads_defaults)
		print_data(name_field(output, "dataDefault"), everything_data_default(from));
	if (everything_has_leaf_default(from) || output->reads_defaults) {
		(void)name_field(output, "leafDefault");
		print_leaf(open_struct(output), everything_leaf_default(from));
	}
	if (everything_has_numbers_default(from) || output->reads_defaults)
		print_list(name_field(output, "numbersDefault"), everything_numbers_default(from),
		    uint16_element);
}

static void
print_lists(struct output *output, struct everything from)
{
	print_list(name_field(output, "voids"), everything_voids(from), void_element);
	print_list(name_field(output, "flags"), everything_flags(from), bool_element);
	print_list(name_field(output, "tinies"), everything_tinies(from), int8_element);
	print_list(name_field(output, "smalls"), everything_smalls(from), int16_element);
	print_list(name_field(output, "mediums"), everything_mediums(from), int32_element);
	print_list(name_field(output, "larges"), everything_larges(from), int64_element);
	print_list(name_field(output, "singles"), everything_singles(from), float_element);
	print_list(name_field(output, "doubles"), everything_doubles(from), double_element);
	print_list(name_field(output, "texts"), everything_texts(from), text_element);
	print_list(name_field(output, "datas"), everything_datas(from), data_element);
	print_list(name_field(output, "colors"), everything_colors(from), color_element);
	print_leaves(output, "leaves", everything_leaves(from));
	print_children(output, everything_children(from));
	print_list(name_field(output, "matrix"), everything_matrix(from), matrix_element);
	print_list(name_field(output, "cube"), everything_cube(from), cube_element);
}

static void
print_group(struct output output, struct everything_group from)
{
	fprintf(name_field(&output, "inner"), "%" PRIu32, everything_group_inner(from));
	print_text(name_field(&output, "innerText"), everything_group_inner_text(from));
	fputc(')', output.file);
}

static void
print_four(struct output output, struct everything_four from)
{
	fprintf(name_field(&output, "a"), "%u", everything_four_a(from));
	print_leaves(&output, "b", everything_four_b(from));
	fputc(')', output.file);
}

static void
print_union(struct output *output, struct everything from)
{
	switch (everything_which(from)) {
	case EVERYTHING_WHICH_ONE:
		fprintf(name_field(output, "one"), "%u", everything_one(from));
		break;
	case EVERYTHING_WHICH_TWO:
		print_text(name_field(output, "two"), everything_two(from));
		break;
	case EVERYTHING_WHICH_THREE:
		fputs("void", name_field(output, "three"));
		break;
	case EVERYTHING_WHICH_FOUR:
		(void)name_field(output, "four");
		print_four(open_struct(output), everything_get_four(from));
		break;
	}
}

static void
print_named(struct output output, struct everything_named from)
{
	switch (everything_named_which(from)) {
	case EVERYTHING_NAMED_WHICH_LEFT:
		fprintf(name_field(&output, "left"), "%" PRId64, everything_named_left(from));
		break;
	case EVERYTHING_NAMED_WHICH_RIGHT:
		(void)name_field(&output, "right");
		if (everything_named_has_right(from))
			print_leaf(open_struct(&output), everything_named_right(from));
		else
			fputs("()", output.file);
		break;
	case EVERYTHING_NAMED_WHICH_MIDDLE:
		print_double(name_field(&output, "middle"), everything_named_middle(from));
		break;
	}
	fputc(')', output.file);
}

static void
print_later_defaults(struct output *output, struct everything from)
{
	print_bool(name_field(output, "afterAll"), everything_after_all(from));
	fprintf(name_field(output, "tinyDefault"), "%d", everything_tiny_default(from));
	fprintf(name_field(output, "smallDefault"), "%d", everything_small_default(from));
	fprintf(name_field(output, "unsignedDefault"), "%u", everything_unsigned_default(from));
	print_float(name_field(output, "singleDefault"), everything_single_default(from));
	print_double(name_field(output, "doubleDefault"), everything_double_default(from));
	print_double(name_field(output, "infiniteDefault"), everything_infinite_default(from));
	print_float(name_field(output, "nanDefault"), everything_nan_default(from));
	if (everything_has_doubles_default(from) || output->reads_defaults)
		print_list(name_field(output, "doublesDefault"), everything_doubles_default(from),
		    double_element);
	if (everything_has_leaves_default(from) || output->reads_defaults)
		print_leaves(output, "leavesDefault", everything_leaves_default(from));
}

static void
print_everything(struct output output, struct everything from)
{
	print_scalars(&output, from);
	print_structs(&output, from);
	print_defaults(&output, from);
	print_lists(&output, from);
	(void)name_field(&output, "group");
	print_group(open_struct(&output), everything_get_group(from));
	print_union(&output, from);
	(void)name_field(&output, "named");
	print_named(open_struct(&output), everything_get_named(from));
	print_later_defaults(&output, from);
	fputc(')', output.file);
}

bool
interop_print_typed_messages(FILE *from, FILE *to, bool reads_defaults)
{
	static _Alignas(8) uint8_t bytes[MESSAGE_BYTES_MAX];
	size_t size;

	while ((size = interop_read_message(from, bytes)) != 0) {
		char *text = NULL;
		size_t text_size = 0;
		struct output output = { open_memstream(&text, &text_size), reads_defaults, false };
		struct capnp_reader reader;

		if (output.file == NULL || capnp_reader_init(&reader, bytes, size) != CAPNP_OK)
			return false;
		print_everything(open_struct(&output), everything_root(&reader));
		fclose(output.file);
		interop_write_line(to, text, text_size);
		free(text);
		if (capnp_reader_error(&reader) != CAPNP_OK)
			return false;
	}
	return true;
}
