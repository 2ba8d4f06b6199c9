/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader information: Multiboot2 (specification 2.0, section 3.6) and PVH (Xen's hvm_start_info,
 * version 1).
 */
#include "boot_info.h"

#include <core/string.h>

#define MEMORY_USABLE 1
#define MULTIBOOT2_BYTES_MAX (1 << 20)
#define MULTIBOOT2_TAGS_MAX 4096

#define TAG_END 0
#define TAG_COMMAND_LINE 1
#define TAG_MODULE 3
#define TAG_MEMORY_MAP 6
#define TAG_ACPI_OLD 14
#define TAG_ACPI_NEW 15

struct pvh_start {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t command_line;
	uint64_t rsdp;
	uint64_t memory_map;
	uint32_t memory_map_count;
	uint32_t reserved;
};

struct pvh_module {
	uint64_t address;
	uint64_t bytes;
	uint64_t command_line;
	uint64_t reserved;
};

struct memory_map_entry { /* both loaders' entries begin so */
	uint64_t base;
	uint64_t bytes;
	uint32_t type;
	uint32_t reserved;
};

struct multiboot2_tag {
	uint32_t type;
	uint32_t bytes;
};

static void
add_usable(struct boot_memory *out, const struct memory_map_entry *entry)
{
	uint32_t max = sizeof(out->usable) / sizeof(out->usable[0]);

	if (entry->type != MEMORY_USABLE || entry->bytes == 0 ||
	    entry->base + entry->bytes < entry->base)
		return;
	if (out->usable_count < max)
		out->usable[out->usable_count++] =
		    (struct memory_range){ entry->base, entry->bytes };
}

static void
copy_command_line(struct boot_memory *out, const char *text, uint64_t bytes_max)
{
	uint32_t i = 0;

	for (; i < bytes_max && i < sizeof(out->command_line) - 1 && text[i] != '\0'; i++)
		out->command_line[i] = text[i];
	out->command_line[i] = '\0';
}

static const char *
read_pvh(paddr_t info, boot_map_fn map, struct boot_memory *out)
{
	const struct pvh_start *start = map(info, sizeof(*start));
	const struct memory_map_entry *entries;
	const struct pvh_module *module;
	const char *line;

	if (start == NULL || start->magic != 0x336ec578 || start->version < 1)
		return "the PVH start information is not one";
	if (start->memory_map_count > 1024)
		return "the PVH memory map is too long";
	entries = map(start->memory_map, start->memory_map_count * sizeof(*entries));
	if (entries == NULL)
		return "the PVH memory map is out of reach";
	for (uint32_t i = 0; i < start->memory_map_count; i++)
		add_usable(out, &entries[i]);
	out->loader = "PVH";
	out->rsdp = start->rsdp;
	out->module_count = start->module_count;
	line =
	    start->command_line == 0 ? NULL : map(start->command_line, sizeof(out->command_line));
	if (line != NULL)
		copy_command_line(out, line, sizeof(out->command_line));
	if (start->module_count == 0)
		return NULL;
	module = map(start->modules, sizeof(*module));
	if (module == NULL)
		return "the PVH module list is out of reach";
	out->module = module->address;
	out->module_bytes = module->bytes;
	return NULL;
}

static const char *
read_tag(const uint8_t *tag_bytes, const struct multiboot2_tag *tag, paddr_t tag_address,
    struct boot_memory *out)
{
	uint32_t numbers[2];

	switch (tag->type) {
	case TAG_COMMAND_LINE:
		copy_command_line(out, (const char *)tag_bytes + 8, tag->bytes - 8);
		break;
	case TAG_MODULE:
		if (tag->bytes < 16)
			return "a Multiboot2 module tag is too short";
		memcpy(numbers, tag_bytes + 8, sizeof(numbers));
		if (numbers[1] < numbers[0])
			return "a Multiboot2 module ends before it starts";
		out->module = numbers[0];
		out->module_bytes = numbers[1] - numbers[0];
		out->module_count++;
		break;
	case TAG_MEMORY_MAP:
		if (tag->bytes < 16)
			return "the Multiboot2 memory map is too short";
		memcpy(numbers, tag_bytes + 8, sizeof(numbers));
		if (numbers[0] < sizeof(struct memory_map_entry))
			return "the Multiboot2 memory map has short entries";
		for (uint32_t at = 16; tag->bytes - at >= numbers[0]; at += numbers[0]) {
			struct memory_map_entry entry;

			memcpy(&entry, tag_bytes + at, sizeof(entry));
			add_usable(out, &entry);
		}
		break;
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		/* The newer table stands for both. */
		if (out->rsdp == 0 || tag->type == TAG_ACPI_NEW)
			out->rsdp = tag_address + 8;
		break;
	default:
		break;
	}
	return NULL;
}

static const char *
read_multiboot2(paddr_t info, boot_map_fn map, struct boot_memory *out)
{
	const uint32_t *head = map(info, 8);
	const uint8_t *bytes;
	uint32_t total;
	uint32_t at = 8;

	if (head == NULL || head[0] < 16 || head[0] > MULTIBOOT2_BYTES_MAX)
		return "the Multiboot2 information is not one";
	total = head[0];
	bytes = map(info, total);
	if (bytes == NULL)
		return "the Multiboot2 information is out of reach";
	out->loader = "Multiboot2";
	for (uint32_t tags = 0;
	    tags < MULTIBOOT2_TAGS_MAX && total - at >= sizeof(struct multiboot2_tag); tags++) {
		struct multiboot2_tag tag;
		const char *problem;

		memcpy(&tag, bytes + at, sizeof(tag));
		if (tag.type == TAG_END)
			return NULL;
		if (tag.bytes < sizeof(tag) || tag.bytes > total - at)
			return "a Multiboot2 tag leaves the information block";
		problem = read_tag(bytes + at, &tag, info + at, out);
		if (problem != NULL)
			return problem;
		at += (tag.bytes + 7) & ~7U;
		if (at > total)
			break;
	}
	return "the Multiboot2 information has no end";
}

const char *
boot_info_read(uint32_t magic, paddr_t info, boot_map_fn map, struct boot_memory *out)
{
	const char *problem;

	memset(out, 0, sizeof(*out));
	if (magic == BOOT_MAGIC_PVH)
		problem = read_pvh(info, map, out);
	else if (magic == BOOT_MAGIC_MULTIBOOT2)
		problem = read_multiboot2(info, map, out);
	else
		problem = "the kernel was started by an unknown loader";
	if (problem != NULL)
		return problem;
	if (out->usable_count == 0)
		return "the loader names no usable memory";
	return NULL;
}
