/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile messages to every method that the kernel has, by what the schema says of it: frames and
 * pointers that are none, enumerants that do not exist, capabilities that are not what was asked
 * for. Each gets its error and leaves everything as it was.
 */
#include <capnp/pointer.h>
#include <schema/console.capnp.h>
#include <schema/process.capnp.h>
#include <schema/timer.capnp.h>

#include "arch/sim/method_call.h"

typedef void (*visit_fn)(struct method_call *call);

/* A test that finds less to refuse than there was has lost something. */
static void
check_count(uint32_t before, uint32_t least)
{
	if (method_refusals() - before < least)
		(void)printf("%u refusals, and there were %u\n", method_refusals() - before, least);
	CHECK(method_refusals() - before >= least);
}

static void
for_each_method(visit_fn visit, uint32_t refusals_least)
{
	uint32_t before = method_refusals();

	for (size_t i = 0; i < GALLERY_KINDS; i++) {
		const struct gallery_kind *kind = &gallery_kinds[i];
		uint32_t methods = reflect_interface_find(kind->interface_id)->method_count;

		for (uint32_t method = 0; method < methods; method++) {
			struct method_call call;

			method_call_start(&call, kind, (uint16_t)method);
			visit(&call);
		}
	}
	check_count(before, refusals_least);
}

/* A builder takes nothing more when something was refused: the next case needs another. */
static void
begin_case(struct method_call *call)
{
	if (call->kind->interface_id == PROCESS_BUILDER_INTERFACE_ID)
		method_call_start(call, call->kind, call->sqe.method);
	else
		method_call_build(call, NULL);
}

static void
check_accepted(struct method_call *call)
{
	struct method_outcome outcome;

	sim.may_stop = true;
	outcome = method_call_run(call);
	if (outcome.status != CAP_OK)
		(void)printf(
		    "%s.%s: %d\n", call->kind->name, call->method->name, (int)outcome.status);
	CHECK_EQ(outcome.status, CAP_OK);
}

TEST(what_every_method_accepts_is_known)
{
	for_each_method(check_accepted, 0);
}

static void
check_frame(struct method_call *call, const char *what, int64_t table_change, int32_t len_change)
{
	begin_case(call);
	call->words[0] += (uint64_t)table_change;
	call->sqe.len += (uint32_t)len_change;
	method_check_refused(call, what, CAP_ERR_MALFORMED_MESSAGE);
}

static void
check_frames(struct method_call *call)
{
	check_frame(call, "two segments", 1, 0);
	check_frame(call, "a segment of a word more", INT64_C(1) << 32, 0);
	check_frame(call, "a segment of a word less", -(INT64_C(1) << 32), 0);
	check_frame(call, "a byte less", 0, -1);
	check_frame(call, "a word behind it", 0, 8);
}

TEST(frames_that_are_none)
{
	for_each_method(check_frames, 335);
}

static void
check_number(struct method_call *call, uint16_t number)
{
	begin_case(call);
	call->sqe.method = number;
	method_check_refused(call, "method number", CAP_ERR_UNIMPLEMENTED_METHOD);
}

TEST(methods_that_are_none)
{
	for (size_t i = 0; i < GALLERY_KINDS; i++) {
		const struct gallery_kind *kind = &gallery_kinds[i];
		uint32_t methods = reflect_interface_find(kind->interface_id)->method_count;
		struct method_call call;

		method_call_start(&call, kind, 0);
		check_number(&call, (uint16_t)methods);
		method_call_start(&call, kind, 0);
		check_number(&call, UINT16_MAX);
	}
}

#define KIND(kind) (UINT64_C(1) << REFLECT_##kind)
#define BYTES (KIND(TEXT) | KIND(DATA))
#define CAPS (KIND(INTERFACE) | UINT64_C(1) << 63)
#define LISTS (BYTES | KIND(LIST))
#define CONTENTS (LISTS | KIND(STRUCT))
#define LIST_POINTER(offset, element, count)                                                       \
	((uint64_t)(count) << 35 | (uint64_t)(element) << 32 | (uint32_t)((offset) * 4) |          \
	    CAPNP_POINTER_LIST)
#define STRUCT_POINTER(offset, words) ((uint64_t)(words) << 32 | (uint32_t)((offset) * 4))
#define FAR_POINTER(segment, word) ((uint64_t)(segment) << 32 | (word) * 8 | CAPNP_POINTER_FAR)
#define CAP_POINTER(index) ((uint64_t)(index) << 32 | CAPNP_POINTER_OTHER)

/* Words that are no pointers of the kinds that they stand for. Offset -1 leads to the pointer
 * itself. */
static const struct bad_pointer {
	const char *what;
	uint64_t word;
	uint64_t kinds;
} bad_pointers[] = {
	{ "a struct", STRUCT_POINTER(-1, 1), LISTS | CAPS },
	{ "a list of words", LIST_POINTER(-1, CAPNP_ELEMENT_8, 1), BYTES | KIND(STRUCT) | CAPS },
	{ "a list of bits", LIST_POINTER(-1, CAPNP_ELEMENT_BIT, 1), CONTENTS | CAPS },
	{ "a list of nothing", LIST_POINTER(-1, CAPNP_ELEMENT_VOID, 1), LISTS | CAPS },
	{ "a text without its end", LIST_POINTER(-1, CAPNP_ELEMENT_1, 1), KIND(TEXT) },
	{ "a text of no bytes", LIST_POINTER(-1, CAPNP_ELEMENT_1, 0), KIND(TEXT) },
	{ "bytes far behind the end", LIST_POINTER(0x1ffffff, CAPNP_ELEMENT_1, 1), LISTS },
	{ "more bytes than there are", LIST_POINTER(-1, CAPNP_ELEMENT_1, 0x1fffffff), LISTS },
	{ "more words than there are", LIST_POINTER(-1, CAPNP_ELEMENT_8, 0x1fffffff), LISTS },
	{ "bytes before the message", LIST_POINTER(-1000, CAPNP_ELEMENT_1, 1), LISTS },
	{ "structs before the message", LIST_POINTER(-1000, CAPNP_ELEMENT_STRUCT, 1), LISTS },
	{ "a struct before the message", STRUCT_POINTER(-1000, 1), KIND(STRUCT) },
	{ "a struct behind the end", STRUCT_POINTER(1000, 1), KIND(STRUCT) },
	{ "a struct larger than the message", STRUCT_POINTER(-1, UINT32_MAX), KIND(STRUCT) },
	{ "a pad behind the end", FAR_POINTER(0, 1000), CONTENTS | CAPS },
	{ "a pad in another segment", FAR_POINTER(1, 0), CONTENTS | CAPS },
	{ "a pad in the last segment", FAR_POINTER(UINT32_MAX, 0), CONTENTS | CAPS },
	{ "two pads behind the end", FAR_POINTER(0, 1000) | 4, CONTENTS | CAPS },
	{ "a capability without one", CAP_POINTER(7), CONTENTS | CAPS },
	{ "the last capability", CAP_POINTER(UINT32_MAX), CONTENTS | CAPS },
	{ "a capability with a reserved bit", CAP_POINTER(0) | 4, CONTENTS | CAPS },
	{ "a pointer of a kind to come", CAP_POINTER(0) | 8, CONTENTS | CAPS },
};

static uint64_t
kind_bit(uint8_t kind)
{
	return kind == REFLECT_CAPABILITY ? UINT64_C(1) << 63 : UINT64_C(1) << kind;
}

static void
check_pointer(struct method_call *call, const struct reflect_field *field)
{
	uint64_t kind = field == NULL ? KIND(STRUCT) : kind_bit(field->type.kind);
	uint32_t word = method_pointer_word(call, field);

	for (size_t i = 0; i < sizeof(bad_pointers) / sizeof(bad_pointers[0]); i++) {
		if ((bad_pointers[i].kinds & kind) == 0)
			continue;
		begin_case(call);
		call->words[word] = bad_pointers[i].word;
		method_check_refused(call, bad_pointers[i].what, CAP_ERR_MALFORMED_MESSAGE);
	}
	/* A pad that is a far pointer itself: this one. */
	begin_case(call);
	call->words[word] = FAR_POINTER(0, word - 1);
	method_check_refused(call, "its own pad", CAP_ERR_MALFORMED_MESSAGE);
}

static void
check_pointers(struct method_call *call)
{
	const struct reflect_struct *params = call->method->params;

	if (params->field_count == 0)
		return;
	check_pointer(call, NULL);
	for (uint32_t i = 0; i < params->field_count; i++)
		if ((kind_bit(params->fields[i].type.kind) & (CONTENTS | CAPS)) != 0)
			check_pointer(call, &params->fields[i]);
}

TEST(pointers_that_are_none)
{
	for_each_method(check_pointers, 1000);
}

static void
check_with(struct method_call *call, const char *path, uint64_t number, enum cap_status expected)
{
	const struct method_param changes[] = { { .path = path, .number = number }, { 0 } };
	char what[80];

	begin_case(call);
	method_call_build(call, changes);
	(void)snprintf(what, sizeof(what), "%s = 0x%llx", path, (unsigned long long)number);
	method_check_refused(call, what, expected);
}

static void
check_enums(struct method_call *call)
{
	const struct reflect_struct *params = call->method->params;

	for (uint32_t i = 0; i < params->field_count; i++) {
		const struct reflect_field *field = &params->fields[i];

		if (field->type.kind != REFLECT_ENUM)
			continue;
		check_with(
		    call, field->name, field->type.enumeration->count, CAP_ERR_INVALID_ARGUMENT);
		check_with(call, field->name, UINT16_MAX, CAP_ERR_INVALID_ARGUMENT);
	}
}

TEST(enumerants_that_do_not_exist)
{
	for_each_method(check_enums, 16);
}

static void
check_cap(struct method_call *call, const struct reflect_field *field)
{
	static const struct {
		enum hostile_target hold;
		enum cap_status expected;
	} rows[] = {
		{ HOSTILE_STALE, CAP_ERR_STALE_GENERATION },
		{ HOSTILE_EMPTY, CAP_ERR_STALE_GENERATION },
		{ HOSTILE_FOREIGN, CAP_ERR_INVALID_CAP },
		{ HOSTILE_REVOKED, CAP_ERR_REVOKED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_with(call, field->name, hostile_id(rows[i].hold), rows[i].expected);
	}
	check_with(call, field->name, 0, CAP_ERR_INVALID_CAP);
	if (field->type.kind == REFLECT_CAPABILITY)
		return;
	check_with(call, field->name, hostile_id(HOSTILE_TIMER), CAP_ERR_WRONG_INTERFACE);
	check_with(call, field->name, hostile_id(HOSTILE_FACET), CAP_ERR_WRONG_INTERFACE);
}

static void
check_caps(struct method_call *call)
{
	const struct reflect_struct *params = call->method->params;

	for (uint32_t i = 0; i < params->field_count; i++)
		if ((kind_bit(params->fields[i].type.kind) & CAPS) != 0)
			check_cap(call, &params->fields[i]);
}

TEST(capabilities_that_are_not_what_was_asked_for)
{
	for_each_method(check_caps, 94);
}

/* Without room in its table the caller gets nothing, and nothing was made for it. */
static void
check_room(struct method_call *call)
{
	if (call->method->results->cap_count == 0)
		return;
	call->sqe.cap_max = 0;
	method_check_refused(call, "no slot", CAP_ERR_TOO_MANY_CAPS);
}

TEST(answers_without_a_slot)
{
	for_each_method(check_room, 20);
}
