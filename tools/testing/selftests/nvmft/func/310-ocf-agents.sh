#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The resource agents on the real tree: what a cluster does with them, in its
# order and with hosts connected, and monitors that look closely.
. "$(dirname "$0")/../lib.sh"

find_agents() {
	local dir

	for dir in "${NVMFT_OCF:-}" "$LIB_DIR/../ocf" "$LIB_DIR/../../../../packaging/ocf" \
			/usr/lib/ocf/resource.d/nvmft; do
		[ ! -x "$dir/nvmft-port" ] || { echo "$dir"; return; }
	done
}

AGENTS=$(find_agents)
[ -n "$AGENTS" ] || skip_all "the resource agents are not there"
export NVMFT_ROOT OCF_FUNCTIONS_DIR=$LIB_DIR
SUBSYS=$NVMFT_ROOT/subsystems/$NQN

# agent KIND ACTION [PARAMETER=VALUE]...: its status; $TMP/reason has its words.
agent() {
	local kind=$1 action=$2 pair words=()

	shift 2
	for pair; do words+=("OCF_RESKEY_$pair"); done
	env "${words[@]}" sh "$AGENTS/nvmft-$kind" "$action" >"$TMP/said" 2>"$TMP/reason"
}

# expect_agent STATUS KIND ACTION [PARAMETER=VALUE]...
expect_agent() {
	local want=$1 status

	shift
	agent "$@"
	status=$?
	[ "$status" = "$want" ] && return 0
	CASE_FAILED=y
	ktap_print_msg "FAIL $*: status $status, want $want: $(cat "$TMP/reason")"
	return 1
}

expect_reason() {
	grep -qF -- "$1" "$TMP/reason" || fail "the reason is not '$1' but: $(cat "$TMP/reason")"
}

subsystem() {
	expect_agent "$1" subsystem "$2" nqn="$NQN" "${@:3}"
}

namespace() {
	expect_agent "$1" namespace "$2" nqn="$NQN" namespace_id=1 backing_path="$DISK" "${@:3}"
}

port() {
	expect_agent "$1" port "$2" port_id=1 addr="$ADDR" svcid="$SVC" nqns="$NQN" "${@:3}"
}

a_cluster_starts_and_stops() {
	local round uuid

	nullb_add nulla 64
	for round in 1 2; do
		subsystem 7 monitor; namespace 7 monitor; port 7 monitor
		subsystem 0 start allowed_initiators="$HOSTNQN"
		namespace 0 start
		port 0 start
		subsystem 0 start allowed_initiators="$HOSTNQN"; namespace 0 start; port 0 start
		expect "uuid $round" "$(<"$SUBSYS/namespaces/1/device_uuid")" \
			"${uuid:=$(<"$SUBSYS/namespaces/1/device_uuid")}"
		connect_ns "$NQN" -l 5 || return
		OCF_CHECK_LEVEL=10 subsystem 0 monitor allowed_initiators="$HOSTNQN"
		OCF_CHECK_LEVEL=10 namespace 0 monitor
		OCF_CHECK_LEVEL=10 port 0 monitor
		port 0 stop; namespace 0 stop; subsystem 0 stop
		port 0 stop; namespace 0 stop; subsystem 0 stop
		expect_ok "empty $round" target_is_empty
		host_clear
	done
	clean_up
}

identity_is_what_is_given() {
	nullb_add nulla 64
	mkdir "$NVMFT_ROOT/hosts/$HOSTNQN"
	subsystem 0 start serial=SERIAL1 cntlid_min=32000 cntlid_max=65000
	expect "serial" "$(<"$SUBSYS/attr_serial")" SERIAL1
	expect "range" "$(<"$SUBSYS/attr_cntlid_min")-$(<"$SUBSYS/attr_cntlid_max")" 32000-65000
	expect "any host" "$(<"$SUBSYS/attr_allow_any_host")" 1
	namespace 0 start uuid=d592cdf3-5d1c-44e0-8412-3fcf7d99df27 ana_grpid=3
	expect "uuid" "$(<"$SUBSYS/namespaces/1/device_uuid")" d592cdf3-5d1c-44e0-8412-3fcf7d99df27
	expect "group" "$(<"$SUBSYS/namespaces/1/ana_grpid")" 3
	ln -s "$NVMFT_ROOT/hosts/$HOSTNQN" "$SUBSYS/namespaces/1/allowed_hosts/"
	port 0 start ana_state=non-optimized
	expect "state" "$(<"$NVMFT_ROOT/ports/1/ana_groups/1/ana_state")" non-optimized
	port 0 stop
	namespace 0 stop
	subsystem 0 stop
	rmdir "$NVMFT_ROOT/hosts/$HOSTNQN"
	expect_ok "empty" target_is_empty
	clean_up
}

monitors_see_what_is_wrong() {
	nullb_add nulla 64
	subsystem 0 start allowed_initiators="$HOSTNQN"
	namespace 0 start
	port 0 start
	put "$SUBSYS/namespaces/1/enable" 0
	namespace 7 monitor
	rm "$SUBSYS/allowed_hosts/$HOSTNQN"
	subsystem 0 monitor allowed_initiators="$HOSTNQN"
	OCF_CHECK_LEVEL=10 subsystem 1 monitor allowed_initiators="$HOSTNQN"
	expect_reason "does not let $HOSTNQN in"
	unlink 1 "$NQN"
	port 7 monitor
	namespace 0 start
	OCF_CHECK_LEVEL=10 namespace 1 monitor backing_path=/dev/other
	expect_reason "another device than"
	port 0 stop
	namespace 0 stop
	subsystem 0 stop allowed_initiators="$HOSTNQN"
	clean_up
}

failures_say_why() {
	nullb_add nulla 64
	namespace 1 start
	expect_reason "nvmft-subsystem has to start before"
	subsystem 0 start
	namespace 1 start backing_path=/dev/nvmft-none
	expect_reason "namespaces/1/enable"
	namespace 0 start
	port 1 start addr=192.0.2.77
	expect_reason "cannot export $NQN on 192.0.2.77:$SVC"
	port 0 start
	expect_agent 6 subsystem monitor
	expect_reason "the parameter nqn is not set"
	expect_agent 6 subsystem monitor nqn=../x
	expect_agent 3 subsystem promote nqn="$NQN"
	clean_up
}

# A stop with a session and I/O, in the order of a cluster that is in a hurry.
stops_under_load() {
	nullb_add nulla 64
	subsystem 0 start
	namespace 0 start
	port 0 start
	connect_ns "$NQN" -l 5 || return
	fio_load "$DEV"
	subsystem 0 stop
	expect_ok "gone" test ! -d "$SUBSYS"
	port 0 stop
	host_clear
	kill_load
	clean_up
}

run_cases a_cluster_starts_and_stops identity_is_what_is_given monitors_see_what_is_wrong \
	failures_say_why stops_under_load
