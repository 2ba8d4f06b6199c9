/* SPDX-License-Identifier: Apache-2.0 */
/* SystemInfo: what the manifest says is what is told, and a package that is none is refused. */
#include "info.h"

#include <schema/system_info.server.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "service/fake_objects.h"

CAPOS_LARGE_MESSAGES(1);

static struct capos self;
static struct system_info_server info;
static struct service service;
static struct service_endpoint at = { .service = &service };
static struct capos_caller caller = { .at = &at };
static uint64_t param_words[512];
static uint64_t result_words[2048];
static struct capnp_reader answer;

void
capos_exit(int64_t code)
{
	fail_msg("the program ended with %lld", (long long)code);
	abort();
}

static void
take_op(const struct cap_sqe *sqe)
{
	CHECK(fake_objects_call(sqe));
}

static void
make_package(const char *motd, uint32_t topic_count)
{
	struct capnp_builder builder;
	struct kernel_params_builder params;
	struct help_topic_list_builder topics;

	capnp_builder_init(&builder, fake_objects.package, sizeof(fake_objects.package));
	params = system_manifest_init_kernel_params(system_manifest_init_root(&builder));
	kernel_params_set_motd(params, capnp_text_from_string(motd));
	topics = kernel_params_init_help_topics(params, topic_count);
	for (uint32_t i = 0; i < topic_count; i++) {
		char name[] = "topic-a", text[] = "text of a";

		name[6] = text[8] = (char)('a' + i);
		help_topic_set_name(help_topic_builder_at(topics, i), capnp_text_from_string(name));
		help_topic_set_text(help_topic_builder_at(topics, i), capnp_text_from_string(text));
	}
	fake_objects.package_bytes = capnp_builder_finish(&builder);
}

static void
start(void)
{
	fake_start(&self);
	fake_objects_start(&self);
	fake.on_op = take_op;
	memset(&info, 0, sizeof(info));
}

static void
start_with(const char *motd, uint32_t topic_count)
{
	start();
	make_package(motd, topic_count);
	CHECK_EQ(info_start(&info, &self), CAP_OK);
}

static enum cap_status
call(uint16_t method, const char *topic)
{
	struct capos_interface interface = info_interface(&info);
	struct capnp_builder params, results;
	struct capnp_reader reader;
	enum cap_status status;
	size_t bytes;

	capnp_builder_init(&params, param_words, sizeof(param_words));
	system_info_help_params_set_topic(
	    system_info_help_params_init_root(&params), capnp_text_from_string(topic));
	bytes = capnp_builder_finish(&params);
	CHECK_EQ(capnp_reader_init_single(&reader, param_words, bytes), CAPNP_OK);
	capnp_builder_init(&results, result_words, sizeof(result_words));
	status = interface.dispatch(interface.server, method, &reader, &results, &caller);
	if (status != CAP_OK)
		return status;
	bytes = capnp_builder_finish(&results);
	CHECK(bytes != 0);
	CHECK_EQ(capnp_reader_init_single(&answer, result_words, bytes), CAPNP_OK);
	return status;
}

static void
check_text(struct capnp_text text, const char *expected)
{
	CHECK_EQ(text.size, strlen(expected));
	CHECK_MEMORY(text.data, expected, text.size);
}

TEST(the_message_of_the_day_is_the_manifests)
{
	start_with("welcome\nback", 0);
	CHECK_EQ(call(SYSTEM_INFO_METHOD_MOTD, ""), CAP_OK);
	check_text(
	    system_info_motd_results_text(system_info_motd_results_root(&answer)), "welcome\nback");
	start_with("", 0);
	CHECK_EQ(call(SYSTEM_INFO_METHOD_MOTD, ""), CAP_OK);
	check_text(system_info_motd_results_text(system_info_motd_results_root(&answer)), "");
}

TEST(topics_are_listed_in_their_order_and_each_has_its_text)
{
	struct capnp_list names;
	uint32_t counts[] = { 0, 1, 20 };

	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		start_with("m", counts[k]);
		CHECK_EQ(call(SYSTEM_INFO_METHOD_HELP_TOPICS, ""), CAP_OK);
		names = system_info_help_topics_results_names(
		    system_info_help_topics_results_root(&answer));
		CHECK_EQ(names.count, counts[k]);
		for (uint32_t i = 0; i < counts[k]; i++) {
			char name[] = "topic-a", text[] = "text of a";

			name[6] = text[8] = (char)('a' + i);
			check_text(capnp_any_text(capnp_list_any(names, i)), name);
		}
		for (uint32_t i = 0; i < counts[k]; i++) {
			char name[] = "topic-a", text[] = "text of a";

			name[6] = text[8] = (char)('a' + i);
			CHECK_EQ(call(SYSTEM_INFO_METHOD_HELP, name), CAP_OK);
			check_text(
			    system_info_help_results_text(system_info_help_results_root(&answer)),
			    text);
		}
	}
}

TEST(topics_that_do_not_exist_are_refused_with_a_sentence)
{
	static const char *const unknown[] = { "", "topic", "topic-", "topic-d", "topic-a ",
		"Topic-a", "topic-aa" };

	start_with("m", 3);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		CHECK_EQ(call(SYSTEM_INFO_METHOD_HELP, unknown[i]), CAP_ERR_APPLICATION_EXCEPTION);
		CHECK_EQ(caller.error.type, EXCEPTION_TYPE_FAILED);
		check_text(caller.error.reason, "there is no such topic; `help` lists them");
	}
	CHECK_EQ(call(4, ""), CAP_ERR_UNIMPLEMENTED_METHOD);
}

/* The method makes a message of its own: `call` reads what has no capabilities. */
static enum cap_status
ask_for_the_registry(struct capnp_cap *out)
{
	struct capos_interface interface = info_interface(&info);
	struct capnp_reader reader;
	struct capnp_builder results;
	enum cap_status status;

	capnp_builder_init(&results, param_words, sizeof(param_words));
	(void)system_info_schema_params_init_root(&results);
	CHECK_EQ(capnp_reader_init_single(&reader, param_words, capnp_builder_finish(&results)),
	    CAPNP_OK);
	capnp_builder_init(&results, result_words, sizeof(result_words));
	status = interface.dispatch(
	    interface.server, SYSTEM_INFO_METHOD_SCHEMA, &reader, &results, &caller);
	*out = results.caps[0];
	return status;
}

TEST(the_registry_is_handed_on_as_a_copy_if_there_is_one)
{
	struct capnp_cap cap;

	start_with("m", 0);
	CHECK_EQ(ask_for_the_registry(&cap), CAP_ERR_NOT_FOUND);
	start();
	make_package("m", 0);
	fake_grant(&self, "schema", 77, SCHEMA_REGISTRY_INTERFACE_ID);
	CHECK_EQ(info_start(&info, &self), CAP_OK);
	CHECK_EQ(ask_for_the_registry(&cap), CAP_OK);
	CHECK_EQ(cap.cap_id, 77);
	CHECK_EQ(cap.mode, CAPNP_CAP_COPY);
}

TEST(a_package_that_comes_in_small_parts_is_put_together)
{
	static const uint32_t sizes[] = { 1, 7, 8, 100 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		start();
		make_package("put together", 5);
		fake_objects.part_bytes_max = sizes[i];
		CHECK_EQ(info_start(&info, &self), CAP_OK);
		CHECK_EQ(call(SYSTEM_INFO_METHOD_MOTD, ""), CAP_OK);
		check_text(system_info_motd_results_text(system_info_motd_results_root(&answer)),
		    "put together");
	}
}

TEST(a_start_without_what_it_needs_is_refused)
{
	/* No manifest in it. */
	start();
	make_package("m", 1);
	fake_objects.package_bytes = 4;
	CHECK_EQ(info_start(&info, &self), CAP_ERR_INVALID_MANIFEST);
	/* Not enough memory for it. */
	start();
	make_package("m", 1);
	fake_objects.arena_used = FAKE_ARENA_BYTES;
	CHECK(info_start(&info, &self) != CAP_OK);
	/* Neither name is there, or it names something else. */
	start();
	fake_objects.capset.header.entry_count = 1;
	CHECK_EQ(info_start(&info, &self), CAP_ERR_NOT_FOUND);
	start();
	fake_objects.capset.entries[0].interface_id++;
	CHECK_EQ(info_start(&info, &self), CAP_ERR_WRONG_INTERFACE);
}
