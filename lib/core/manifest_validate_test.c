/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest that can be started passes; each change of one place that makes it unstartable is
 * refused, and the refusal begins with the path of that place. Manifests are written as text.
 */
#include "manifest_validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "text.h"

/* SystemManifest, by its number in the schema. */
extern const struct reflect_struct reflect_struct_cb076caa4772d8b2;

static const char good[] =
    "(schemaVersion = 1,"
    " binaries = [(name = \"init\", data = 0x\"01\"), (name = \"spawner\", data = 0x\"02\"),"
    "  (name = \"server\", data = 0x\"03\"), (name = \"client\", data = 0x\"04\")],"
    " initConfig = ("
    "  init = (binary = \"init\", caps = [(name = \"console\", kernel = (console = void)),"
    "   (name = \"vm\", kernel = (virtualMemory = void)),"
    "   (name = \"ports\", kernel = (ioPorts = (base = 760, count = 8))),"
    "   (name = \"line\", kernel = (interrupt = (line = 3)))]),"
    "  services = ["
    "   (name = \"one\", binary = \"server\", caps = ["
    "     (name = \"echo\", source = (local = endpoint)),"
    "     (name = \"heap\", source = (local = virtualMemory)),"
    "     (name = \"ports\", source = (kernel = (ioPorts = (base = 760, count = 8)))),"
    "     (name = \"irq\", source = (kernel = (interrupt = (line = 3))))],"
    "    exports = [(name = \"echo\", cap = \"echo\", interfaceId = 77)]),"
    "   (name = \"two\", binary = \"client\", foreground = true, caps = ["
    "     (name = \"log\", expectedInterfaceId = 13085133657577123855,"
    "      source = (kernel = (console = void))),"
    "     (name = \"peer\", expectedInterfaceId = 77,"
    "      source = (service = (service = \"one\", export = \"echo\"))),"
    "     (name = \"launcher\", source = (launcher = void)),"
    "     (name = \"spawner\", source = (spawner = void))],"
    "    launchable = [\"server\", \"client\"])],"
    "  onExit = haltWhenForegroundEnds),"
    " kernelParams = (motd = \"hello\", helpTopics = [(name = \"a\", text = \"b\"),"
    "  (name = \"c\", text = \"d\")]))";

/* The status for a manifest in text; `why` has 200 bytes. */
static enum cap_status
validate(const char *text, char *why)
{
	static _Alignas(8) uint8_t buffer[65536];
	struct capnp_builder builder;
	struct capnp_reader reader;
	struct capnp_parser parser;
	size_t size;

	capnp_builder_init(&builder, buffer, sizeof(buffer));
	capnp_parser_init(&parser, text, (uint32_t)strlen(text));
	if (!capnp_parse_struct(
		&parser, &reflect_struct_cb076caa4772d8b2, system_manifest_init_root(&builder).s))
		fail_msg("byte %u: %s", parser.error_position, parser.error);
	size = capnp_builder_finish(&builder);
	CHECK(size != 0);
	CHECK_EQ(capnp_reader_init(&reader, buffer, size), CAPNP_OK);
	return manifest_validate(system_manifest_root(&reader), why, 200);
}

/* `good` with one text replaced, which has to be there. */
static char *
changed(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *text;

	if (at == NULL)
		fail_msg("`%s` is not in the manifest", from);
	text = malloc(sizeof(good) + strlen(to));
	sprintf(text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	return text;
}

TEST(a_manifest_that_can_be_started_passes)
{
	char why[200] = "untouched";

	CHECK_EQ(validate(good, why), CAP_OK);
	CHECK_STR(why, "");
}

TEST(what_init_serves_itself_shows_its_interface)
{
	static const struct {
		const char *source;
		uint64_t interface_id;
	} cases[] = {
		{ "source = (supervisor = void)", SUPERVISOR_INTERFACE_ID },
		{ "source = (supplier = (service = \"one\", export = \"echo\"))",
		    SUPPLIER_INTERFACE_ID },
	};
	char why[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint64_t wrong = 0; wrong < 2; wrong++) {
			char to[160];
			char *text;

			sprintf(to, "%s, expectedInterfaceId = %llu", cases[i].source,
			    (unsigned long long)(cases[i].interface_id + wrong));
			text = changed("source = (spawner = void)", to);
			CHECK_EQ(validate(text, why), wrong ? CAP_ERR_INVALID_MANIFEST : CAP_OK);
			free(text);
		}
	}
}

TEST(another_version_is_refused)
{
	char why[200];
	char *text = changed("schemaVersion = 1", "schemaVersion = 2");

	CHECK_EQ(validate(text, why), CAP_ERR_UNSUPPORTED_VERSION);
	CHECK_STR(why, "schemaVersion: 2, but version 1 is understood");
	free(text);
}

#define LONG_NAME "\"a123456789012345678901234567890b\"" /* 32 bytes */

static const struct {
	const char *from;
	const char *to;
	const char *path;
} faults[] = {
	{ "name = \"server\"", "name = \"client\"", "binaries[3].name: binaries[2]" },
	{ "name = \"server\"", "name = \"\"", "binaries[2].name: the name is empty" },
	{ "name = \"server\"", "name = " LONG_NAME, "binaries[2].name: the name has more" },
	{ "name = \"server\"", "name = \"a b\"", "binaries[2].name: the name has a character" },
	{ "name = \"spawner\", data", "name = \"other\", data", "binaries: no `spawner`" },
	{ "data = 0x\"03\"", "data = 0x\"\"", "binaries[2].data: " },
	{ "binary = \"init\"", "binary = \"\"", "initConfig.init.binary: " },
	{ "binary = \"init\"", "binary = \"inti\"", "initConfig.init.binary: " },
	{ "name = \"vm\"", "name = \"console\"", "initConfig.init.caps[1].name: caps[0]" },
	{ "name = \"vm\"", "name = " LONG_NAME, "initConfig.init.caps[1].name: " },
	{ "kernel = (virtualMemory = void)", "kernel = ()", "initConfig.init.caps[1].kernel: no" },
	{ "(base = 760, count = 8)", "(base = 760, count = 0)",
	    "initConfig.init.caps[2].kernel.ioPorts: " },
	{ "(base = 760, count = 8)", "(base = 65535, count = 2)",
	    "initConfig.init.caps[2].kernel.ioPorts: " },
	{ "(name = \"one\"", "(name = \"\"", "initConfig.services[0].name: " },
	{ "(name = \"two\"", "(name = \"one\"", "initConfig.services[1].name: services[0]" },
	{ "binary = \"client\"", "binary = \"c\"", "initConfig.services[1].binary: " },
	{ "name = \"heap\"", "name = \"echo\"", "initConfig.services[0].caps[1].name: caps[0]" },
	{ "name = \"heap\"", "name = \"\"", "initConfig.services[0].caps[1].name: " },
	{ "source = (local = virtualMemory)", "source = ()",
	    "initConfig.services[0].caps[1].source: no source" },
	{ "source = (spawner = void)", "source = (kernel = ())",
	    "initConfig.services[1].caps[3].source.kernel: no source" },
	{ "source = (local = virtualMemory)", "source = (kernel = (virtualMemory = void))",
	    "initConfig.services[0].caps[1].source.kernel: virtualMemory" },
	{ "source = (spawner = void)", "source = (kernel = (timer = void))",
	    "initConfig.services[1].caps[3].source.kernel: init does not hold it" },
	{ "source = (spawner = void)", "source = (kernel = (interrupt = (line = 4)))",
	    "initConfig.services[1].caps[3].source.kernel: init does not hold it" },
	{ "source = (spawner = void)", "source = (kernel = (interrupt = (line = 3)))",
	    "initConfig.services[1].caps[3].source.kernel: another service" },
	{ "source = (local = virtualMemory)", "source = (kernel = (interrupt = (line = 3)))",
	    "initConfig.services[0].caps[3].source.kernel: another service" },
	{ "service = \"one\"", "service = \"two\"",
	    "initConfig.services[1].caps[1].source.service.service: " },
	{ "service = \"one\"", "service = \"none\"",
	    "initConfig.services[1].caps[1].source.service.service: " },
	{ "export = \"echo\"", "export = \"heap\"",
	    "initConfig.services[1].caps[1].source.service.export: " },
	{ "source = (spawner = void)",
	    "source = (supplier = (service = \"none\", export = \"echo\"))",
	    "initConfig.services[1].caps[3].source.supplier.service: " },
	{ "source = (spawner = void)",
	    "source = (supplier = (service = \"one\", export = \"none\"))",
	    "initConfig.services[1].caps[3].source.supplier.export: " },
	{ "foreground = true", "restart = (maxRestarts = 17)",
	    "initConfig.services[1].restart.maxRestarts: more than 16" },
	{ "(name = \"one\",", "(restart = (when = always), name = \"one\",",
	    "initConfig.services[0].restart.when: its devices" },
	{ "foreground = true", "watchdog = (export = \"echo\")",
	    "initConfig.services[1].watchdog.export: no export" },
	{ "(name = \"one\",", "(watchdog = (export = \"echo\"), name = \"one\",",
	    "initConfig.services[0].watchdog.export: no export" },
	{ "(name = \"one\",", "(watchdog = (export = \"echo\", everyMs = 0), name = \"one\",",
	    "initConfig.services[0].watchdog: a time is zero" },
	{ "expectedInterfaceId = 77", "expectedInterfaceId = 78",
	    "initConfig.services[1].caps[1].expectedInterfaceId: 0x4e" },
	{ "expectedInterfaceId = 130851336575771238", "expectedInterfaceId = 130851336575771239",
	    "initConfig.services[1].caps[0].expectedInterfaceId: 0x" },
	{ "launchable = [\"server\", \"client\"]", "launchable = []",
	    "initConfig.services[1].caps[2].source.launcher: " },
	{ "launchable = [\"server\", \"client\"]", "launchable = [\"server\", \"c\"]",
	    "initConfig.services[1].launchable[1]: there is no" },
	{ "launchable = [\"server\", \"client\"]", "launchable = [\"client\", \"client\"]",
	    "initConfig.services[1].launchable[1]: launchable[0]" },
	{ "(name = \"echo\", cap", "(name = \"\", cap",
	    "initConfig.services[0].exports[0].name: " },
	{ "cap = \"echo\"", "cap = \"heap\"", "initConfig.services[0].exports[0].cap: no local" },
	{ "cap = \"echo\"", "cap = \"ports\"", "initConfig.services[0].exports[0].cap: no local" },
	{ "cap = \"echo\"", "cap = \"none\"", "initConfig.services[0].exports[0].cap: no local" },
	{ "interfaceId = 77)]", "interfaceId = 0)]",
	    "initConfig.services[0].exports[0].interfaceId: " },
	{ "interfaceId = 77)]", "interfaceId = 77), (name = \"echo\", cap = \"x\")]",
	    "initConfig.services[0].exports[1].name: exports[0]" },
	{ "interfaceId = 77)]", "interfaceId = 77), (name = \"x\", cap = \"echo\")]",
	    "initConfig.services[0].exports[1].cap: exports[0]" },
	{ "binary = \"server\"", "binary = \"server\", foreground = true",
	    "initConfig.services: more than one" },
	{ "foreground = true, ", "", "initConfig.onExit: no service is in the foreground" },
	{ "(name = \"c\"", "(name = \"a\"", "kernelParams.helpTopics[1].name: helpTopics[0]" },
	{ "(name = \"c\"", "(name = \"\"", "kernelParams.helpTopics[1].name: the name is empty" },
};

TEST(each_fault_is_refused_with_the_path_of_its_field)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char why[200];
		char *text = changed(faults[i].from, faults[i].to);
		enum cap_status status = validate(text, why);

		if (status != CAP_ERR_INVALID_MANIFEST ||
		    strncmp(why, faults[i].path, strlen(faults[i].path)) != 0)
			fail_msg("`%s` -> `%s`: %d, `%s`, not `%s`", faults[i].from, faults[i].to,
			    status, why, faults[i].path);
		free(text);
	}
}

/* `count` pieces with numbers in them, between commas, after `before` and before `after`. */
static char *
repeated(const char *from, const char *before, const char *piece, uint32_t count)
{
	char *list = malloc(200 + count * (strlen(piece) + 40));
	char *text;
	size_t at = (size_t)sprintf(list, "%s", before);

	for (uint32_t i = 0; i < count; i++)
		at += (size_t)sprintf(list + at, ", (name = \"n%u\", %s)", i, piece);
	sprintf(list + at, "]");
	text = changed(from, list);
	free(list);
	return text;
}

static void
check_repeated(const char *after, const char *piece, uint32_t count, const char *refusal)
{
	char before[100];
	char why[200];
	char *text;

	snprintf(before, sizeof(before), "%.*s", (int)strlen(after) - 1, after);
	text = repeated(after, before, piece, count);
	CHECK_EQ(validate(text, why), refusal == NULL ? CAP_OK : CAP_ERR_INVALID_MANIFEST);
	if (refusal != NULL)
		CHECK_STR(why, refusal);
	free(text);
}

TEST(lists_are_bounded)
{
	static const char caps[] = "(name = \"spawner\", source = (spawner = void))]";

	check_repeated(caps, "source = (spawner = void)", 28, NULL);
	check_repeated(
	    caps, "source = (spawner = void)", 29, "initConfig.services[1].caps: more than 32");
	check_repeated(caps, "source = (launcher = void)", 15, NULL);
	check_repeated(caps, "source = (launcher = void)", 16,
	    "initConfig.services[1].caps[19].source.launcher: more than 16 of all services");
	check_repeated(
	    caps, "source = (supplier = (service = \"one\", export = \"echo\"))", 16, NULL);
	check_repeated(caps, "source = (supplier = (service = \"one\", export = \"echo\"))", 17,
	    "initConfig.services[1].caps[20].source.supplier: more than 16 of all services");
	check_repeated("(name = \"client\", data = 0x\"04\")]", "data = 0x\"00\"", 125,
	    "binaries: more than 128");
}

/* A service that exports so many endpoints, without its name. */
static void
write_exporter(char *to, size_t bytes, uint32_t exports)
{
	size_t at = (size_t)snprintf(to, bytes, "binary = \"server\", caps = [");

	for (uint32_t i = 0; i < exports; i++)
		at += (size_t)snprintf(to + at, bytes - at,
		    "%s(name = \"e%u\", source = (local = endpoint))", i == 0 ? "" : ", ", i);
	at += (size_t)snprintf(to + at, bytes - at, "], exports = [");
	for (uint32_t i = 0; i < exports; i++)
		at += (size_t)snprintf(to + at, bytes - at,
		    "%s(name = \"e%u\", cap = \"e%u\", interfaceId = 9)", i == 0 ? "" : ", ", i, i);
	snprintf(to + at, bytes - at, "]");
}

/* With the one that service `one` has. */
TEST(the_exports_of_all_services_are_bounded)
{
	static const char services[] = "launchable = [\"server\", \"client\"])]";
	char piece[4000];

	write_exporter(piece, sizeof(piece), 16);
	check_repeated(services, piece, 7, NULL);
	check_repeated(
	    services, piece, 8, "initConfig.services[9].exports: more than 128 of all services");
	write_exporter(piece, sizeof(piece), 17);
	check_repeated(services, piece, 1, "initConfig.services[2].exports: more than 16");
	write_exporter(piece, sizeof(piece), 1);
	check_repeated(services, piece, 30, NULL);
	check_repeated(services, piece, 31, "initConfig.services: more than 32");
}

TEST(a_large_manifest_is_not_taken_for_a_hostile_one)
{
	char why[200];
	char *text = repeated("(name = \"client\", data = 0x\"04\")]",
	    "(name = \"client\", data = 0x\"04\")", "data = 0x\"00\"", 124);

	CHECK_EQ(validate(text, why), CAP_OK);
	free(text);
}

TEST(a_damaged_message_is_told_as_such)
{
	_Alignas(8) uint8_t bytes[64] = { 0 };
	struct capnp_builder builder;
	struct capnp_reader reader;
	struct system_manifest_builder root;
	char why[200];
	size_t size;

	capnp_builder_init(&builder, bytes, sizeof(bytes));
	root = system_manifest_init_root(&builder);
	system_manifest_set_schema_version(root, MANIFEST_SCHEMA_VERSION);
	size = capnp_builder_finish(&builder);
	CHECK(size != 0);
	/* binaries points out of the message. */
	root.s.pointers[1] = 0x40;
	root.s.pointers[0] = 0x01;
	root.s.pointers[4] = 0xff;
	CHECK_EQ(capnp_reader_init(&reader, bytes, size), CAPNP_OK);
	CHECK_EQ(manifest_validate(system_manifest_root(&reader), why, sizeof(why)),
	    CAP_ERR_INVALID_MANIFEST);
	CHECK(strncmp(why, "the message is damaged: ", 24) == 0);
}
