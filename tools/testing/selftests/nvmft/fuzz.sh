#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The fuzzers of the protocol code: their corpus, and a fixed number of runs.
cd "$(dirname "$0")" || exit 1
. ./ktap.sh

skip_all() {
	ktap_print_header
	ktap_skip_all "$1"
	exit "$KSFT_SKIP"
}

[ -d ../../../../drivers/nvmft/proto ] || skip_all "the driver's source is not beside the tests"
for tool in clang llvm-cov llvm-profdata; do
	command -v $tool >/dev/null || skip_all "there is no $tool"
done
# Not in this folder, which is copied into guests.
build=$(mktemp -d) || exit "$KSFT_FAIL"
trap 'rm -rf "$build"' EXIT
# A compiler's words must not stand where the plan is expected.
make --no-print-directory -C fuzz all O="$build" >&2 || exit "$KSFT_FAIL"
make --no-print-directory -s -C fuzz check O="$build"
