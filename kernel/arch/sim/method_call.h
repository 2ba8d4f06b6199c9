/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls of every method that the kernel has, by the names of the schema: each has parameters that
 * it accepts (method_goods.c). Tests change them before the call, or the words that they became.
 */
#include <capnp/reflect.h>

#include "arch/sim/gallery.h"
#include "arch/sim/hostile.h"

/* A parameter: a number, a text or data, or a capability of that interface. */
struct method_param {
	const char *path; /* "limits.framePages" */
	uint64_t number;
	const char *bytes;
	uint64_t interface_id;
};

#define METHOD_PARAMS_MAX 6

struct method_good {
	const char *name;   /* "VirtualMemory.map" */
	const char *before; /* a method of the same object that is called first */
	struct method_param params[METHOD_PARAMS_MAX];
};

/* NULL: there is none. */
const struct method_good *
method_good_find(const struct reflect_interface *interface, const struct reflect_method *method);
/* A page in the middle of nowhere. */
#define METHOD_PLACE UINT64_C(0x30000000)
/* What a facet may show. */
#define METHOD_INTERFACE UINT64_C(0x8000000000000001)

#define METHOD_WORDS_MAX 64
#define METHOD_CAPS_MAX 3

struct method_call {
	struct world_process *process;
	const struct gallery_kind *kind;
	const struct reflect_method *method;
	const struct method_good *good; /* NULL: it has no parameters */
	struct cap_sqe sqe;
	/* As they go; sqe.len and sqe.xfer_count say how many. */
	uint64_t words[METHOD_WORDS_MAX];
	struct cap_transfer caps[METHOD_CAPS_MAX];
	/* What was made to be passed. */
	struct {
		uint64_t interface_id;
		cap_id_t cap_id;
	} given[METHOD_CAPS_MAX];
};

/*
 * A world, an object of this kind in it, and the call of its method that is accepted, not made yet.
 * Fails the test if nothing is known of the method.
 */
void method_call_start(struct method_call *call, const struct gallery_kind *kind, uint16_t method);
/* The accepted call of another method of the same object. */
void method_call_select(struct method_call *call, uint16_t method);
/*
 * The message anew, with other parameters than the accepted ones; `changes` end with one without a
 * path, or are NULL.
 */
void method_call_build(struct method_call *call, const struct method_param *changes);

/* Where in the words a pointer of the parameters stands; NULL: the one to all of them. */
uint32_t method_pointer_word(const struct method_call *call, const struct reflect_field *field);

struct method_outcome {
	enum cap_status status; /* of the completion, or of the exception that it is */
	bool is_pending;
	bool is_same; /* everything is as it was */
};
struct method_outcome method_call_run(struct method_call *call);
/* Fails the test unless it is refused with that status, and nothing has changed. */
void method_check_refused(struct method_call *call, const char *what, enum cap_status expected);
/* How often it was asked, so that nobody takes none for all. */
uint32_t method_refusals(void);
