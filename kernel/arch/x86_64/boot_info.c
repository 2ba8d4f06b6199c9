/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader information: Multiboot2 (specification 2.0, section 3.6) and PVH (Xen's hvm_start_info,
 * version 1).
 */
#include "boot_info.h"

#include <core/string.h>

#define MEMORY_USABLE 1
#define MEMORY_END (UINT64_C(1) << 46) /* as far as the direct map has room */
#define MULTIBOOT2_BYTES_MAX (1 << 20)
#define MULTIBOOT2_TAGS_MAX 4096

#define PVH_MAGIC 0x336ec578
#define PVH_MAP_ENTRIES_MAX 1024

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

	if (entry->type != MEMORY_USABLE || entry->bytes == 0 || entry->base >= MEMORY_END ||
	    entry->bytes > MEMORY_END - entry->base)
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

/* Copy what stands at `address`; false if it is out of reach. */
static bool
copy_from(paddr_t address, boot_map_fn map, void *out, size_t bytes)
{
	const void *source = map(address, bytes);

	if (source == NULL)
		return false;
	memcpy(out, source, bytes);
	return true;
}

static const char *
read_pvh_memory(const struct pvh_start *start, boot_map_fn map, struct boot_memory *out)
{
	if (start->memory_map_count > PVH_MAP_ENTRIES_MAX)
		return "the PVH memory map is too long";
	for (uint32_t i = 0; i < start->memory_map_count; i++) {
		struct memory_map_entry entry;
		uint64_t address;

		if (__builtin_add_overflow(start->memory_map, i * sizeof(entry), &address) ||
		    !copy_from(address, map, &entry, sizeof(entry)))
			return "the PVH memory map is out of reach";
		add_usable(out, &entry);
	}
	return NULL;
}

/* The text may end close to the end of what is reachable: it is looked at byte by byte. */
static void
copy_pvh_command_line(paddr_t address, boot_map_fn map, struct boot_memory *out)
{
	uint32_t i = 0;

	for (; address != 0 && i < sizeof(out->command_line) - 1; i++)
		if (!copy_from(address + i, map, &out->command_line[i], 1) ||
		    out->command_line[i] == '\0')
			break;
	out->command_line[i] = '\0';
}

static const char *
read_pvh(paddr_t info, boot_map_fn map, struct boot_memory *out)
{
	struct pvh_start start;
	struct pvh_module module;
	const char *problem;

	if (!copy_from(info, map, &start, sizeof(start)) || start.magic != PVH_MAGIC ||
	    start.version < 1)
		return "the PVH start information is not one";
	out->loader = "PVH";
	out->rsdp = start.rsdp;
	out->module_count = start.module_count;
	problem = read_pvh_memory(&start, map, out);
	if (problem != NULL)
		return problem;
	copy_pvh_command_line(start.command_line, map, out);
	if (start.module_count == 0)
		return NULL;
	if (!copy_from(start.modules, map, &module, sizeof(module)))
		return "the PVH module list is out of reach";
	out->module = module.address;
	out->module_bytes = module.bytes;
	return NULL;
}

/* What the rest of the kernel may rely on, whatever the loader said. */
static const char *
check(const struct boot_memory *memory)
{
	uint64_t end;

	if (memory->usable_count == 0)
		return "the loader names no usable memory";
	if (__builtin_add_overflow(memory->module, memory->module_bytes, &end))
		return "the boot package leaves the address space";
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
	const uint8_t *bytes;
	uint32_t total;
	uint32_t at = 8;

	if (!copy_from(info, map, &total, sizeof(total)) || total < 16 ||
	    total > MULTIBOOT2_BYTES_MAX)
		return "the Multiboot2 information is not one";
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
	return problem != NULL ? problem : check(out);
}

bool
boot_info_has_word(const struct boot_memory *memory, const char *word)
{
	size_t length = strlen(word);
	const char *at = memory->command_line;

	while ((at = strstr(at, word)) != NULL) {
		bool begins = at == memory->command_line || at[-1] == ' ';
		bool ends = at[length] == ' ' || at[length] == '\0';

		if (begins && ends)
			return true;
		at += length;
	}
	return false;
}
