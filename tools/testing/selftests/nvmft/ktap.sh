# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# KTAP from shell, with the names of the kernel's kselftest/ktap_helpers.sh.

export KSFT_PASS=0 KSFT_FAIL=1 KSFT_SKIP=4

KTAP_PLAN=0
KTAP_PASSED=0
KTAP_FAILED=0
KTAP_SKIPPED=0

ktap_print_header() {
	echo "KTAP version 1"
}

ktap_set_plan() {
	KTAP_PLAN=$1
	echo "1..$KTAP_PLAN"
}

# The first line that is no result of its own: the whole test is skipped.
ktap_skip_all() {
	echo "1..0 # SKIP $*"
}

ktap_print_msg() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

ktap_number() {
	echo $((KTAP_PASSED + KTAP_FAILED + KTAP_SKIPPED))
}

ktap_test_pass() {
	KTAP_PASSED=$((KTAP_PASSED + 1))
	echo "ok $(ktap_number) $*"
}

ktap_test_fail() {
	KTAP_FAILED=$((KTAP_FAILED + 1))
	echo "not ok $(ktap_number) $*"
}

# ktap_test_skip NAME REASON
ktap_test_skip() {
	KTAP_SKIPPED=$((KTAP_SKIPPED + 1))
	echo "ok $(ktap_number) $1 # SKIP $2"
}

# ktap_test_result NAME COMMAND...
ktap_test_result() {
	local name=$1

	shift
	if "$@"; then
		ktap_test_pass "$name"
	else
		ktap_test_fail "$name"
	fi
}

ktap_print_totals() {
	echo "# Totals: pass:$KTAP_PASSED fail:$KTAP_FAILED skip:$KTAP_SKIPPED"
}

# Ends the test: a plan that was not kept is a failure.
ktap_finished() {
	ktap_print_totals
	if [ "$KTAP_FAILED" -gt 0 ] || [ "$(ktap_number)" -ne "$KTAP_PLAN" ]; then
		exit $KSFT_FAIL
	fi
	if [ "$KTAP_PLAN" -gt 0 ] && [ "$KTAP_SKIPPED" -eq "$KTAP_PLAN" ]; then
		exit $KSFT_SKIP
	fi
	exit $KSFT_PASS
}
