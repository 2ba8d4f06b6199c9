/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The start of init from the boot package: the only process that the kernel makes by itself. It
 * looks at schemaVersion, binaries, initConfig.init and kernelParams, and at nothing else of the
 * manifest.
 */
#include "base/annotate.h"
#include "base/types.h"
#include "schema/status.capnp.h"

/*
 * `cpu_refusal` is why the processor is not safe, or NULL; only the manifest may allow it then
 * (CAP_ERR_DEVICE_FAILED). On failure nothing is left behind, every frame is back, and `why` (200
 * bytes) names the field and what is wrong with it.
 */
MUST_CHECK enum cap_status first_process_start(
    const void *package, uint64_t package_bytes, const char *cpu_refusal, char why[200]);
