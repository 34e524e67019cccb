# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the functional tests stand on: the case runner and its checks, the
# target through configfs, and the cleaning up. host.sh has the host's side,
# devices.sh the disks.
#
# A test is a file func/NNN-name.sh that sources this file, defines one function
# per case, and ends in "run_cases case...".  It runs as root in a machine whose
# NVMe-oF target and host nobody else uses.
#
# NVMFT_ROOT chooses the target: /sys/kernel/config/nvmft, or nvmet beside it
# (the same names), which is how a test is told from a target's own fault.

LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ktap.sh
. "$LIB_DIR/ktap.sh"

export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
CONFIGFS=/sys/kernel/config
NVMFT_ROOT=${NVMFT_ROOT:-$CONFIGFS/nvmft}
TARGET=${NVMFT_ROOT##*/}
TARGET_TRANSPORT=$TARGET-tcp
TESTNAME=$(basename "$0" .sh)
NQN=nqn.2026-01.test.nvmft:$TESTNAME
ADDR=127.0.0.1
SVC=4420
TMP=
CASE_FAILED=
CASE_SKIPPED=

# --- checks -------------------------------------------------------------------

# fail WHAT...: the case has failed; it goes on, so that one run tells all.
fail() {
	CASE_FAILED=y
	ktap_print_msg "FAIL ${FUNCNAME[1]}: $*"
	return 1
}

# skip_case REASON: no result for this case. "skip_case why; return"
skip_case() {
	CASE_SKIPPED=$*
}

# expect WHAT GOT WANT
expect() {
	[ "$2" = "$3" ] && return 0
	CASE_FAILED=y
	ktap_print_msg "FAIL $1: got '$2', want '$3'"
	return 1
}

# expect_match WHAT GOT EXTENDED-REGEX (the whole of GOT)
expect_match() {
	[[ $2 =~ ^($3)$ ]] && return 0
	CASE_FAILED=y
	ktap_print_msg "FAIL $1: got '$2', want something like '$3'"
	return 1
}

# expect_ok WHAT COMMAND...: in this shell, so that it may set variables.
expect_ok() {
	local what=$1 status

	shift
	"$@" >"$TMP/output" 2>&1
	status=$?
	[ $status -ne 0 ] || return 0
	CASE_FAILED=y
	ktap_print_msg "FAIL $what: status $status from: $*"
	[ ! -s "$TMP/output" ] || ktap_print_msg "$(tail -n 20 "$TMP/output")"
	return 1
}

# wait_until SECONDS COMMAND...: until it succeeds; false when time is up. A slow
# kernel (NVMFT_TIME_FACTOR) has as many times longer.
wait_until() {
	local end=$((SECONDS + $1 * ${NVMFT_TIME_FACTOR:-1}))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# errno_of COMMAND...: OK, or the name of the error it printed.
errno_of() {
	local message

	if message=$("$@" 2>&1); then
		echo OK
		return
	fi
	case $message in
	*"Address already in use"*) echo EADDRINUSE ;;
	*"Block device required"*) echo ENOTBLK ;;
	*"Cannot assign requested address"*) echo EADDRNOTAVAIL ;;
	*"Connection timed out"*) echo ETIMEDOUT ;;
	*"Device or resource busy"*) echo EBUSY ;;
	*"Directory not empty"*) echo ENOTEMPTY ;;
	*"File exists"*) echo EEXIST ;;
	*"File name too long"*) echo ENAMETOOLONG ;;
	*"Invalid argument"*) echo EINVAL ;;
	*"No such device"*) echo ENODEV ;;
	*"No such file or directory"*) echo ENOENT ;;
	*"Numerical result out of range"*) echo ERANGE ;;
	*"Operation not permitted"*) echo EPERM ;;
	*"Operation not supported"*) echo EOPNOTSUPP ;;
	*"Permission denied"*) echo EACCES ;;
	*"Protocol not supported"*) echo EPROTONOSUPPORT ;;
	*"Address family not supported"*) echo EAFNOSUPPORT ;;
	*"Wrong medium type"*) echo EMEDIUMTYPE ;;
	*) echo "$message" ;;
	esac
}

# expect_refused FILE VALUE ERRNO-REGEX: the write fails, the old value stays,
# and the log has a line with the attribute, the value (as far as it can be
# printed) and more, the reason. nvmet is not asked for that line.
expect_refused() {
	local file=$1 value=$2 before line

	before=$(<"$file")
	expect_match "${file##*/} <- '${value:0:60}'" "$(errno_of put "$file" "$value")" "$3"
	expect "${file##*/} after a refused '${value:0:60}'" "$(<"$file")" "$before"
	line="${file##*/}: \"${value%%[![:print:]]*}"
	is_nvmet || dmesg | grep -F -- "${line:0:60}" | grep -q 'refused: .' ||
		fail "no log line says why ${file##*/} refused '${value:0:60}'"
}

# expect_accepted FILE VALUE [SHOWN]: the write succeeds and reads back.
expect_accepted() {
	expect "${1##*/} <- '$2'" "$(errno_of put "$1" "$2")" OK
	expect "${1##*/} after '$2'" "$(<"$1")" "${3-$2}"
}

# put FILE VALUE: one write(2), as echo does it.
put() {
	printf '%s\n' "$2" >"$1"
}

# put_in DIR ATTR=VALUE...
put_in() {
	local dir=$1 pair

	shift
	for pair in "$@"; do
		put "$dir/${pair%%=*}" "${pair#*=}" || return 1
	done
}

# put_raw FILE VALUE: without the newline.
put_raw() {
	printf '%s' "$2" >"$1"
}

# True where nvmet of older kernels is known to be looser than the rule that the
# case checks; each use says how.
is_nvmet() {
	[ "$TARGET" = nvmet ]
}

# The folder Documentation, of the source tree or beside this one in the guest.
documentation() {
	local dir

	for dir in "$LIB_DIR/../../../../Documentation" "$LIB_DIR/../Documentation"; do
		[ ! -d "$dir/nvmft" ] || { echo "$dir"; return; }
	done
	return 1
}

# --- the target ---------------------------------------------------------------

target_load() {
	modprobe configfs
	mountpoint -q "$CONFIGFS" || mount -t configfs configfs "$CONFIGFS"
	modprobe "$TARGET"
}

target_unload() {
	local module

	for module in "$TARGET_TRANSPORT" "$TARGET"; do
		module=${module//-/_}
		if [ -d "/sys/module/$module" ]; then
			rmmod "$module" || return 1
		fi
	done
}

# port_add ID [TRADDR [ADRFAM [TRSVCID]]]
port_add() {
	local port=$NVMFT_ROOT/ports/$1

	mkdir "$port" &&
		put "$port/addr_trtype" tcp &&
		put "$port/addr_traddr" "${2:-$ADDR}" &&
		put "$port/addr_adrfam" "${3:-ipv4}" &&
		put "$port/addr_trsvcid" "${4:-$SVC}"
}

# subsys_add NQN [ATTR=VALUE]...: any host may connect unless told otherwise.
subsys_add() {
	local subsys=$NVMFT_ROOT/subsystems/$1 pair

	shift
	mkdir "$subsys" || return 1
	put "$subsys/attr_allow_any_host" 1 || return 1
	for pair in "$@"; do
		put "$subsys/${pair%%=*}" "${pair#*=}" || return 1
	done
}

# ns_add NQN NSID DEVICE [ATTR=VALUE]...
ns_add() {
	local ns=$NVMFT_ROOT/subsystems/$1/namespaces/$2 device=$3 pair

	shift 3
	mkdir "$ns" && put "$ns/device_path" "$device" || return 1
	for pair in "$@"; do
		put "$ns/${pair%%=*}" "${pair#*=}" || return 1
	done
	put "$ns/enable" 1
}

# link PORT NQN: starts listening; unlink PORT NQN ends it.
link() {
	ln -s "$NVMFT_ROOT/subsystems/$2" "$NVMFT_ROOT/ports/$1/subsystems/$2"
}

unlink() {
	rm "$NVMFT_ROOT/ports/$1/subsystems/$2"
}

# export_device DEVICE [SUBSYS-ATTR=VALUE]...: the usual one-port, one-namespace
# target under $NQN.
export_device() {
	local device=$1

	shift
	port_add 1 && subsys_add "$NQN" "$@" && ns_add "$NQN" 1 "$device" &&
		link 1 "$NQN"
}

# Takes down whatever is configured, with hosts connected or not.
target_clear() {
	local item

	for item in "$NVMFT_ROOT"/ports/*/subsystems/*; do
		[ ! -L "$item" ] || rm "$item"
	done
	for item in "$NVMFT_ROOT"/ports/*/referrals/* \
			"$NVMFT_ROOT"/ports/*/ana_groups/{[2-9],[1-9][0-9]*} \
			"$NVMFT_ROOT"/ports/*; do
		[ ! -d "$item" ] || rmdir "$item"
	done
	for item in "$NVMFT_ROOT"/subsystems/*/allowed_hosts/* \
			"$NVMFT_ROOT"/subsystems/*/namespaces/*/allowed_hosts/*; do
		[ ! -L "$item" ] || rm "$item"
	done
	for item in "$NVMFT_ROOT"/subsystems/*/namespaces/* \
			"$NVMFT_ROOT"/subsystems/* "$NVMFT_ROOT"/hosts/*; do
		[ ! -d "$item" ] || rmdir "$item"
	done
}

target_is_empty() {
	[ -z "$(find "$NVMFT_ROOT" -mindepth 2 -maxdepth 2)" ]
}

# Connections of hosts to the port that the target still holds.
target_connections() {
	ss -Htn state established "sport = :${1:-$SVC}" | wc -l
}

target_has_no_connection() {
	[ "$(target_connections "$@")" = 0 ]
}

listens() {
	[ -n "$(ss -Htln "sport = :${1:-$SVC}")" ]
}

# --- a test file's frame --------------------------------------------------------

# need MODULE...: skips the whole file where a module cannot be loaded.
need() {
	local module

	for module in "$@"; do
		modprobe -q "$module" || skip_all "module $module is not there"
	done
}

skip_all() {
	ktap_print_header
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# On a machine that was free when func.sh began, what is in use now was left by
# another test.
in_use() {
	[ -n "${NVMFT_WAS_FREE:-}" ] || skip_all "$*"
	ktap_print_header
	ktap_set_plan 1
	ktap_print_msg "$*"
	ktap_test_fail "the test before cleaned up"
	exit "$KSFT_FAIL"
}

# kernel_log_since MARK: all there is, where the mark was pushed out.
kernel_log_since() {
	dmesg | awk -v mark="$1" '
		{ line[n++] = $0 }
		index($0, mark) { n = 0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# Lines of this test's kernel log that match, oldest first.
kernel_log() {
	kernel_log_since "nvmft-test $TESTNAME $$" | grep -E -- "$1"
}

# Between the cases of one file: everything that a case made goes.
clean_up() {
	local pid

	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	network_restore
	unmount_all
	host_clear
	target_clear
	devices_clear
}

# Counters in pairs: what was ever created has been destroyed.
counters_balance() {
	local created

	for created in /sys/module/"${TARGET//-/_}"*/parameters/*_created; do
		[ ! -e "$created" ] ||
			[ "$(cat "$created")" = "$(cat "${created%_created}_destroyed")" ] || return 1
	done
}

# What kmemleak has not known the last time: allocations to which no pointer is left.
# They have to be five seconds old, and to look the same in two scans. Nothing where
# the kernel has no kmemleak.
KMEMLEAK=/sys/kernel/debug/kmemleak
new_leaks() {
	[ -w $KMEMLEAK ] || return 0
	sleep 5
	echo scan >$KMEMLEAK
	sleep 1
	echo scan >$KMEMLEAK
	cat $KMEMLEAK
	echo clear >$KMEMLEAK
}

case_nothing_left() {
	clean_up
	expect "controllers of the host" "$(host_controllers)" ""
	expect_ok "configfs tree" target_is_empty
	expect_ok "connections" wait_until 10 target_has_no_connection
	expect_ok "created is destroyed" wait_until 10 counters_balance
	expect_ok "rmmod" wait_until 10 target_unload
	expect "kernel threads" "$(pgrep -l "^$TARGET")" ""
	expect "slabs" "$(grep -c "^${TARGET}[-_]" /proc/slabinfo)" 0
	# Slow: only where it is asked for, or once behind all of them (999).
	[ -z "${NVMFT_LEAKS:-}" ] || expect "leaks" "$(new_leaks)" ""
}

case_kernel_log_is_clean() {
	local bad

	bad=$(kernel_log 'WARNING:|BUG:|Oops|blocked for more|general protection|KASAN|refcount_t|stall|lockup')
	expect "bad lines" "$bad" ""
}

# inject PERCENT: from now on so many in a hundred allocations below functions of the
# target fail, those of its transport module as far as it is loaded.
inject() {
	local kind knobs start end

	read -r start end < <(awk -v name="${TARGET//-/_}" '$1 ~ "^" name "(_tcp)?$" { print $2, $6 }' \
		/proc/modules | while read -r size at; do echo "$((at)) $((at + size))"; done |
		awk '{ if (!n++ || $1 < s) s = $1; if ($2 > e) e = $2 } END { print s, e }')
	for kind in failslab fail_page_alloc; do
		knobs=/sys/kernel/debug/$kind
		put $knobs/require-start "$start" && put $knobs/require-end "$end" &&
			put $knobs/ignore-gfp-wait N && put $knobs/verbose 0 && put $knobs/times -1 &&
			put $knobs/probability "$1"
	done
	put /sys/kernel/debug/fail_page_alloc/min-order 0
}

# run_injected FUNCTION [ARG]...: while memory is short, with NVMFT_INJECT. A case that
# then fails has not failed: what counts is what it leaves behind.
run_injected() {
	inject "$NVMFT_INJECT" || { fail "fault injection"; return; }
	"$@" || CASE_FAILED=y
	inject 0
	[ -z "$CASE_FAILED" ] || ktap_print_msg "so much for memory being short"
	CASE_FAILED=
}

# run_one_case DESCRIPTION FUNCTION [ARG]...
run_one_case() {
	local name=$1 start=$SECONDS mark="nvmft-case $RANDOM$RANDOM"

	shift
	echo "$mark" >/dev/kmsg
	CASE_FAILED=
	CASE_SKIPPED=
	"$@" || CASE_FAILED=y
	if [ -n "$CASE_SKIPPED" ]; then
		ktap_test_skip "$name" "$CASE_SKIPPED"
	elif [ -n "$CASE_FAILED" ]; then
		ktap_print_msg "kernel log:"
		ktap_print_msg "$(kernel_log_since "$mark" | tail -n 15)"
		ktap_test_fail "$name"
	else
		ktap_test_pass "$name"
	fi
	[ $((SECONDS - start)) -lt 10 ] || ktap_print_msg "took $((SECONDS - start)) s"
}

# run_cases "FUNCTION [ARG]..."...: each is a result; cases clean up behind
# themselves only where the next one needs it. Two results come on top: what the
# kernel log says, and that nothing is left, up to unloading the modules.
run_cases() {
	local spec words

	ktap_print_header
	ktap_set_plan $(($# + 2))
	echo "nvmft-test $TESTNAME $$" >/dev/kmsg
	for spec in "$@"; do
		read -ra words <<<"$spec"
		run_one_case "${spec//_/ }" ${NVMFT_INJECT:+run_injected} "${words[@]}"
	done
	run_one_case "nothing left" case_nothing_left
	run_one_case "kernel log is clean" case_kernel_log_is_clean
	trap - EXIT
	rm -rf "$TMP"
	ktap_finished
}

# Whoever uses this machine's target or fabrics host must not lose them to a
# test: clean_up takes down everything.
start_test() {
	[ "$(id -u)" = 0 ] || skip_all "not root"
	command -v nvme >/dev/null || skip_all "nvme-cli is not there"
	need configfs "$TARGET" nvme-tcp
	target_load
	target_is_empty || in_use "$NVMFT_ROOT is in use"
	[ -z "$(host_controllers)" ] || in_use "this machine has fabrics controllers"
	TMP=$(mktemp -d)
	trap 'clean_up >/dev/null 2>&1; rm -rf "$TMP"' EXIT
}

# shellcheck source=host.sh
. "$LIB_DIR/host.sh"
# shellcheck source=devices.sh
. "$LIB_DIR/devices.sh"
# set by a script that has the host's side only, the target being elsewhere
[ -n "${NVMFT_HOST_ONLY:-}" ] || start_test
