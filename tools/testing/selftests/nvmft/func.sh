#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs the functional tests, or those whose names contain an argument, and
# reports each with its cases nested in it.
cd "$(dirname "$0")" || exit 1
. ./ktap.sh

# For one test; settings has the limit of the whole.
LIMIT=$((${NVMFT_TEST_SECONDS:-400} * ${NVMFT_TIME_FACTOR:-1}))
# debug: the tests for a kernel that looks for bugs
FOLDER=${NVMFT_FUNC_FOLDER:-func}

chosen() {
	local file word

	for file in "$FOLDER"/[0-9]*.sh; do
		[ $# -gt 0 ] || echo "$file"
		for word in "$@"; do
			[[ $file != *"$word"* ]] || { echo "$file"; break; }
		done
	done
}

mapfile -t tests < <(chosen "$@")
ktap_print_header
ktap_set_plan ${#tests[@]}
for file in "${tests[@]}"; do
	start=$SECONDS
	timeout --kill-after=10 "$LIMIT" bash "$file" 2>&1 </dev/null | sed -u 's/^/  /'
	status=${PIPESTATUS[0]}
	name=${file%.sh}
	case $status in
	"$KSFT_PASS") ktap_test_pass "$name" ;;
	"$KSFT_SKIP") ktap_test_skip "$name" "skipped itself" ;;
	124|137) ktap_test_fail "$name # TIMEOUT $LIMIT seconds" ;;
	*) ktap_test_fail "$name # exit=$status" ;;
	esac
	ktap_print_msg "$name took $((SECONDS - start)) s"
	# What hangs holds things that the others need. The plan is not kept then.
	[ "$status" -lt 124 ] || break
	export NVMFT_WAS_FREE=y
done
ktap_finished
