/* SPDX-License-Identifier: Apache-2.0 */
/* See run.h. Input and output of a tool go through unnamed files, so that neither side can block
 * the other. */
#include "run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void
refuse(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("mkmanifest: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

void *
allocate(size_t byte_count)
{
	void *memory = calloc(1, byte_count == 0 ? 1 : byte_count);

	if (memory == NULL)
		refuse("no memory for %zu bytes", byte_count);
	return memory;
}

static struct bytes
read_all(FILE *file, const char *name)
{
	struct bytes content = { NULL, 0 };
	long size;

	if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
		refuse("%s: %s", name, strerror(errno));
	rewind(file);
	content.size = (size_t)size;
	content.data = allocate(content.size + 1);
	if (fread(content.data, 1, content.size, file) != content.size)
		refuse("%s: cannot be read", name);
	return content;
}

struct bytes
file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct bytes content;

	if (file == NULL)
		refuse("%s: %s", path, strerror(errno));
	content = read_all(file, path);
	fclose(file);
	return content;
}

void
file_write(const char *path, struct bytes content)
{
	size_t size = strlen(path) + sizeof(".new");
	char *new_path = allocate(size);
	FILE *file;

	snprintf(new_path, size, "%s.new", path);
	file = fopen(new_path, "wb");
	if (file == NULL || fwrite(content.data, 1, content.size, file) != content.size ||
	    fclose(file) != 0 || rename(new_path, path) != 0)
		refuse("%s: %s", path, strerror(errno));
	free(new_path);
}

static _Noreturn void
become(char *const arguments[], FILE *input, FILE *output)
{
	if (dup2(fileno(input), STDIN_FILENO) < 0 || dup2(fileno(output), STDOUT_FILENO) < 0)
		_exit(126);
	execv(arguments[0], arguments);
	_exit(127);
}

struct bytes
run(char *const arguments[], struct bytes input)
{
	FILE *to = tmpfile();
	FILE *from = tmpfile();
	struct bytes output;
	int status;
	pid_t child;

	if (to == NULL || from == NULL || fwrite(input.data, 1, input.size, to) != input.size)
		refuse("a temporary file: %s", strerror(errno));
	fflush(to);
	rewind(to);
	child = fork();
	if (child < 0)
		refuse("fork: %s", strerror(errno));
	if (child == 0)
		become(arguments, to, from);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		refuse("%s failed", arguments[0]);
	output = read_all(from, arguments[0]);
	fclose(to);
	fclose(from);
	return output;
}

const char *
tool_path(const char *variable)
{
	const char *path = getenv(variable);

	if (path == NULL || path[0] != '/')
		refuse("%s has to be the absolute path of the tool; make sets it", variable);
	if (access(path, X_OK) != 0)
		refuse("%s: no program at %s; `make setup` installs it", variable, path);
	return path;
}
