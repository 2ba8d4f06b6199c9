/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of programs stay below their folder. */
#include "base/test.h"
#include "package.h"

TEST(plain_paths_are_taken)
{
	static const char *const paths[] = { "init.elf", "a/b/c.elf", "..a/b..", "...", "a.b" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		CHECK_EQ(package_path_refusal(paths[i]), NULL);
}

TEST(every_other_path_is_refused_with_a_reason)
{
	static const struct {
		const char *path;
		const char *reason;
	} cases[] = {
		{ "", "it is empty" },
		{ "/init.elf", "it is absolute" },
		{ "..", "a part of it is `..`" },
		{ "../init.elf", "a part of it is `..`" },
		{ "a/../init.elf", "a part of it is `..`" },
		{ "a/..", "a part of it is `..`" },
		{ "./init.elf", "a part of it is `.`" },
		{ "a/./b", "a part of it is `.`" },
		{ "a//b", "a part of it is empty" },
		{ "a/", "a part of it is empty" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(package_path_refusal(cases[i].path), cases[i].reason);
}
