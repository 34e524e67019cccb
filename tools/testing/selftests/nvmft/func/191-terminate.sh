#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An administrator ends sessions; hosts come back as after a reset of the target.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../stats.sh"
is_nvmet && skip_all "nvmet has no sessions to end"

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
}

# terminate LINE: its errno
terminate() {
	errno_of put "$PROC/terminate" "$1"
}

what_is_not_there() {
	setup
	expect "nobody at all" "$(terminate all)" ENOENT
	connect_ns "$NQN" || return
	expect "other subsystem" "$(terminate "subsys=$NQN.x")" ENOENT
	expect "other host" "$(terminate "host=$NQN")" ENOENT
	expect "other controller" "$(terminate "subsys=$NQN cntlid=65535")" ENOENT
	expect "still there" "$(count_lines sessions subsys="$NQN")" 1
	expect "never ended" "$(value hosts ended_terminated hostnqn="$HOSTNQN")" 0
}

what_is_no_line() {
	local line

	setup
	connect_ns "$NQN" || return
	for line in "" " " every "subsys=" "host= " "cntlid=1" "subsys=$NQN cntlid=" \
			"subsys=$NQN cntlid=65536" "subsys=$NQN cntlid=-1" "subsys=$NQN cntlid=1x" \
			"subsys=$NQN subsys=$NQN" "subsys=$NQN host=$HOSTNQN" "all subsys=$NQN" \
			"subsys=$NQN cntlid=1 cntlid=1" "host=$HOSTNQN cntlid=1" "subsys=$NQN x" \
			"$(printf '%01024d' 1)" "subsys=$(printf '%01020d' 1)"; do
		expect "'${line:0:60}'" "$(terminate "$line")" EINVAL
	done
	expect "with a zero byte" \
		"$(errno_of bash -c "printf 'all\\0' >$PROC/terminate")" EINVAL
	expect "still there" "$(value sessions state subsys="$NQN")" ready
}

one_of_two() {
	local first second

	setup
	connect_ns "$NQN" || return
	second=$CTRL
	connect_as 2 "$NQN" nr_io_queues=1 || return
	first=$CTRL
	expect "sessions" "$(count_lines sessions subsys="$NQN")" 2
	expect "by its id" "$(terminate "subsys=$NQN cntlid=$(cat "/sys/class/nvme/$first/cntlid")")" OK
	expect_ok "it is ended" wait_until 10 ended_by_terminate nqn.2026-01.test:host-2
	expect "the other" "$(host_state "$second")" live
	expect_match "log" "$(kernel_log "terminate: $NQN: 1 session" | wc -l)" "[1-9]"
	expect_ok "it comes back" wait_until 20 host_is_live "$first"
	expect "by host" "$(terminate "host=$HOSTNQN")" OK
	expect_ok "it comes back" wait_until 20 came_back "$second"
}

one_session() {
	[ "$(count_lines sessions subsys="$NQN")" = 1 ]
}

# ended_by_terminate HOSTNQN: a session of it
ended_by_terminate() {
	[ "$(value hosts ended_terminated hostnqn="$1")" = 1 ]
}

# came_back CONTROLLER: with a session that is not the one it had at first
came_back() {
	host_is_live "$1" && [ "$(value sessions state hostnqn="$HOSTNQN")" = ready ] &&
		[ "$(value hosts connects hostnqn="$HOSTNQN")" -ge 2 ]
}

under_load() {
	local round before

	setup
	connect_ns "$NQN" -i 2 -c 1 || return
	before=$(value hosts ended_terminated hostnqn="$HOSTNQN")
	fio_load "$DEV"
	for round in 1 2 3; do
		expect "round $round" "$(terminate "$([ $round = 2 ] && echo all || echo "subsys=$NQN")")" OK
		expect_ok "round $round: it comes back" wait_until 30 host_is_live "$CTRL"
		io_is_flowing
	done
	expect "sessions ended by it" \
		"$(value hosts ended_terminated hostnqn="$HOSTNQN")" $((before + 3))
	end_load
	expect_ok "one session" wait_until 10 one_session
}

run_cases what_is_not_there what_is_no_line one_of_two under_load
