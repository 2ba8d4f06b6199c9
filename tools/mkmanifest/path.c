/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of programs: relative, of plain names only. */
#include <string.h>

#include "package.h"

const char *
package_path_refusal(const char *path)
{
	if (path[0] == '\0')
		return "it is empty";
	if (path[0] == '/')
		return "it is absolute";
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0)
			return "a part of it is empty";
		if (length == 1 && path[0] == '.')
			return "a part of it is `.`";
		if (length == 2 && path[0] == '.' && path[1] == '.')
			return "a part of it is `..`";
		if (path[length] == '\0')
			return NULL;
		path += length + 1;
	}
}
