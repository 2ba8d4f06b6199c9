# SPDX-License-Identifier: Apache-2.0
"""What the tests of the checks share."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
