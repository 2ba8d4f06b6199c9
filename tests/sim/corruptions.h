/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Faults that are put into a run behind the model's back, one of each kind that is compared: each
 * returns true if it found something to spoil. A comparison that does not see them proves nothing.
 */
#include "simulation.h"

bool corrupt_completion(struct simulation *simulation);
bool corrupt_completion_lost(struct simulation *simulation);
bool corrupt_slot(struct simulation *simulation);
bool corrupt_ledger(struct simulation *simulation);
bool corrupt_byte(struct simulation *simulation);
bool corrupt_op(struct simulation *simulation);
bool corrupt_order(struct simulation *simulation);
/* tap.c */
bool corrupt_tap(struct simulation *simulation);
bool corrupt_tap_record(struct simulation *simulation);
