/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The packed form of a message ("Encoding Spec", section Packing): a tag byte for each word says
 * which of its bytes are not zero, and those follow; runs of zero words and of words that would not
 * shrink are counted. For files and the network; the ring carries plain messages.
 */
#include "message.h"

/* The packed form of a message of `byte_count` bytes is at most this long. */
#define CAPNP_PACKED_BYTES_MAX(byte_count) ((byte_count) / CAPNP_WORD_BYTES * 10)

/**
 * capnp_pack - pack a framed message, as the stock tools do: runs end with the segment table and
 *              with each segment.
 * @message:  framed, whole words
 * @out_size: stored on CAPNP_OK
 * Returns:   CAPNP_ERROR_FRAME: no framed message; CAPNP_ERROR_SPACE: @out is too small.
 */
enum capnp_error
capnp_pack(struct capnp_data message, uint8_t *out, size_t out_bytes, size_t *out_size);

/**
 * capnp_unpack - the words of a packed message, which is hostile; the frame is not looked at.
 * Returns:   CAPNP_ERROR_PACKED: it ends in the middle; CAPNP_ERROR_SPACE: @out is too small. Then
 *            @out holds what came before.
 */
enum capnp_error
capnp_unpack(struct capnp_data packed, uint8_t *out, size_t out_bytes, size_t *out_size);
