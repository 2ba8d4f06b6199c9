/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting text; see format.h. */
#include "format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
	char *buffer;
	size_t capacity; /* without the NUL */
	size_t used;
};

struct conversion {
	bool left;
	char pad;
	int width;
	int precision; /* -1: none */
	int longs;     /* l, ll, z count as 64 bits */
};

static void
put(struct output *output, char byte)
{
	if (output->used < output->capacity)
		output->buffer[output->used++] = byte;
}

static void
put_padded(
    struct output *output, const struct conversion *conversion, const char *text, size_t length)
{
	int pad = conversion->width - (int)length;

	for (; !conversion->left && pad > 0; pad--)
		put(output, conversion->pad);
	for (size_t i = 0; i < length; i++)
		put(output, text[i]);
	for (; pad > 0; pad--)
		put(output, ' ');
}

static void
put_number(struct output *output, const struct conversion *conversion, uint64_t value,
    unsigned base, bool negative)
{
	struct conversion padding = *conversion;
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (padding.left)
		padding.pad = ' ';
	if (negative && padding.pad == '0') {
		/* The sign stands before the zeros, and is one of the columns. */
		put(output, '-');
		padding.width--;
	} else if (negative) {
		digits[--at] = '-';
	}
	put_padded(output, &padding, digits + at, sizeof(digits) - at);
}

static void
put_string(struct output *output, const struct conversion *conversion, const char *text)
{
	size_t length = 0;

	if (text == NULL)
		text = "(null)";
	while ((conversion->precision < 0 || length < (size_t)conversion->precision) &&
	    text[length] != '\0')
		length++;
	put_padded(output, conversion, text, length);
}

static const char *
parse(const char *format, struct conversion *conversion, va_list *arguments)
{
	*conversion = (struct conversion){ .pad = ' ', .precision = -1 };
	for (; *format == '-' || *format == '0'; format++) {
		if (*format == '-')
			conversion->left = true;
		else
			conversion->pad = '0';
	}
	if (*format == '*') {
		conversion->width = va_arg(*arguments, int);
		format++;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		conversion->width = conversion->width * 10 + (*format - '0');
	if (*format == '.') {
		format++;
		conversion->precision = 0;
		if (*format == '*') {
			conversion->precision = va_arg(*arguments, int);
			format++;
		}
		for (; *format >= '0' && *format <= '9'; format++)
			conversion->precision = conversion->precision * 10 + (*format - '0');
	}
	for (; *format == 'l' || *format == 'z'; format++)
		conversion->longs++;
	return format;
}

static void
convert(struct output *output, const struct conversion *conversion, char kind, va_list *arguments)
{
	int64_t number;
	char byte;

	switch (kind) {
	case 's':
		put_string(output, conversion, va_arg(*arguments, const char *));
		break;
	case 'c':
		byte = (char)va_arg(*arguments, int);
		put_padded(output, conversion, &byte, 1);
		break;
	case 'd':
		number = conversion->longs ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
		put_number(output, conversion, number < 0 ? 0 - (uint64_t)number : (uint64_t)number,
		    10, number < 0);
		break;
	case 'u':
	case 'x':
		put_number(output, conversion,
		    conversion->longs ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned),
		    kind == 'x' ? 16 : 10, false);
		break;
	case 'p':
		put_number(
		    output, conversion, (uint64_t)(uintptr_t)va_arg(*arguments, void *), 16, false);
		break;
	default:
		put(output, kind);
		break;
	}
}

size_t
format_text_list(char *buffer, size_t buffer_bytes, const char *format, va_list arguments)
{
	struct output output = { buffer, buffer_bytes == 0 ? 0 : buffer_bytes - 1, 0 };
	va_list list;

	va_copy(list, arguments);
	for (; *format != '\0'; format++) {
		struct conversion conversion;

		if (*format != '%') {
			put(&output, *format);
			continue;
		}
		format = parse(format + 1, &conversion, &list);
		if (*format == '\0')
			break;
		convert(&output, &conversion, *format, &list);
	}
	va_end(list);
	if (buffer_bytes != 0)
		buffer[output.used] = '\0';
	return output.used;
}

size_t
format_text(char *buffer, size_t buffer_bytes, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_text_list(buffer, buffer_bytes, format, arguments);
	va_end(arguments);
	return length;
}
