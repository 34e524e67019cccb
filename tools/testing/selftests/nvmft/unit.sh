#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The protocol code's unit tests, in user space under ASan and UBSan.
cd "$(dirname "$0")" || exit 1
. ./ktap.sh

if ! [ -d ../../../../drivers/nvmft/proto ]; then
	ktap_print_header
	ktap_skip_all "the driver's source is not beside the tests"
	exit $KSFT_SKIP
fi
# A compiler's words must not stand where the plan is expected.
make --no-print-directory -C unit all >&2 || exit $KSFT_FAIL
exec make --no-print-directory -s -C unit run
