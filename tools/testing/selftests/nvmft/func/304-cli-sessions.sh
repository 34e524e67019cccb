#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# nvmftcli shows who is connected and what they do, as the host knows it itself, and
# ends sessions.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tool.sh"

OTHER=nqn.2026-01.test.nvmft:other
PROC=/proc/fs/nvmft

[ -d /proc/fs ] && target_load && [ -e $PROC/sessions ] || skip_all "the module has no $PROC"
mountpoint -q /dev/pts || { mkdir -p /dev/pts && mount -t devpts devpts /dev/pts; }

# json EXPRESSION: of the last answer, which is d.
json() {
	/usr/bin/python3 -c "import json, sys; d = json.load(open('$TMP/out')); print($1)"
}

# session_field KEY: of the only session.
session_field() {
	json "d['sessions'][0]['$1']"
}

# host_attr NAME: of the controller.
host_attr() {
	cat "/sys/class/nvme/$CTRL/$1"
}

# As the module says; the tool takes its time to start.
sessions_are() {
	[ "$(grep -c '^subsys=' $PROC/sessions)" = "$1" ]
}

cntlid() {
	sed -n "s/^subsys=$NQN cntlid=\([0-9]*\) .*/\1/p" $PROC/sessions
}

two_disks() {
	nullb_add nulla 64
	expect_tool 0 export "$DISK" --nqn $OTHER --no-save
	nullb_add nullb 64
	expect_tool 0 export "$DISK" --nqn "$NQN" --no-save
}

nobody() {
	two_disks
	expect_tool 0 sessions
	expect_said out "no sessions"
	expect_tool 1 terminate --all
	expect_said err "there is no such session"
}

what_the_host_says() {
	connect_ns "$NQN" -i 2 -g -G -k 7 || return
	expect_tool 0 sessions --json --interval 0
	expect "sessions" "$(json "len(d['sessions'])")" 1
	expect "subsys" "$(session_field subsys)" "$NQN"
	expect "host" "$(session_field hostnqn)" "$HOSTNQN"
	expect "host id" "$(session_field hostid)" "$HOSTID"
	expect "cntlid" "$(session_field cntlid)" "$(host_attr cntlid)"
	expect "queues" "$(session_field queues)" "$(host_attr queue_count)"
	expect "size" "$(session_field size)" "$(($(host_attr sqsize) + 1))"
	expect "digests" "$(session_field hdgst)$(session_field ddgst)" 11
	expect "keep alive" "$(session_field kato_ms)" 7000
	expect "left" "$(json "0 < d['sessions'][0]['kato_left_ms'] <= 7000")" True
	expect "port" "$(session_field port)" 1
	expect "address" "$(session_field addr)" "$ADDR:$(ss -Htn state established "dport = :$SVC" |
		sed -n "s/.*$ADDR:\([0-9]*\) .*/\1/p" | grep -x "$(session_field addr | cut -d: -f2)")"
	expect "state" "$(session_field state)" ready
	expect_tool 0 sessions
	expect_said out "header+data"
	expect_tool 0 sessions --long
	expect_said out "host id     $HOSTID"
}

ls_counts_them() {
	expect_tool 0 ls /
	expect "lines" "$(grep -c '1 session\]' "$TMP/out")" 2
}

# counted EXPRESSION: of the namespace, before and after.
counted() {
	tool stats --json
	json "next($1 for n in d['namespaces'] if n['subsys'] == '$NQN')"
}

what_fio_says() {
	local before after fio keys="n['reads'], n['writes'], n['read_bytes'], n['write_bytes'],"

	keys="($keys sum(n['read_lat']), sum(n['write_lat']))"

	udevadm settle
	before=$(counted "$keys")
	expect_ok "fio" fio --name=count --filename="$DEV" --size=8m --rw=randrw --bs=16k --direct=1 \
		--ioengine=libaio --iodepth=4 --thread --output-format=json --output="$TMP/fio" || return
	udevadm settle
	after=$(counted "$keys")
	cp "$TMP/fio" "$TMP/out"
	fio=$(json "tuple(d['jobs'][0][way][key] for key in ('total_ios', 'io_bytes', 'total_ios')
		for way in ('read', 'write'))")
	expect "counted" "$(/usr/bin/python3 -c "print(tuple(a - b for a, b in zip($after, $before)))")" \
		"$fio"
}

rates_while_there_is_load() {
	fio_load "$DEV"
	expect_tool 0 sessions --json
	expect "rate" "$(json "d['sessions'][0]['iops'] > 0 and \
		d['sessions'][0]['read_bytes_per_s'] > 0")" True
	for by in subsystems namespaces hosts queues; do
		expect_tool 0 top --once --interval 1 --by $by --json
		expect "$by" "$(json "d['objects'][0]['reads_per_s'] > 0 and \
			0 < d['objects'][0]['reads_latency_s']['p50'] <= \
			d['objects'][0]['reads_latency_s']['p99.9']")" True
		expect "$by and all" "$(json "abs(sum(o['read_bytes_per_s'] for o in d['objects']) - \
			d['all']['read_bytes_per_s']) < 1 + d['all']['read_bytes_per_s'] / 5")" True
	done
	expect_tool 0 top --batch -n 2 --interval 0.5
	expect "pages" "$(grep -c '^SUBSYSTEM' "$TMP/out")" 2
	expect_match "busy first" "$(grep -A 2 -m 1 '^SUBSYSTEM' "$TMP/out" | tail -n 1)" \
		"$NQN +[1-9][0-9.k]* .*"
}

# goes on with the load of the one above
top_in_a_terminal() {
	expect_ok "session" timeout 150 /usr/bin/python3 "$LIB_DIR/cli/terminal.py" \
		/usr/bin/python3 "$TOOL" top --interval 1 <<-EOT
		wait SUBSYSTEM
		wait $NQN
		wait q quit
		keys 3
		wait HOST
		wait $HOSTNQN
		keys 4
		wait QUEUE
		wait $NQN/1q1
		keys >
		wait READ/s*
		keys ?
		wait longer and shorter interval
		keys q
		end
	EOT
}

# ended_by_admin: how many the host has seen end so.
ended_by_admin() {
	sed -n "s/^hostnqn=$HOSTNQN .* ended_terminated=\([0-9]*\) .*/\1/p" $PROC/hosts
}

# Goes on with the load, which has to live through it: the host connects again.
ended_under_load() {
	local turn

	for turn in 1 2 3; do
		expect_ok "turn $turn: ready" wait_until 30 host_is_live "$CTRL"
		expect_ok "turn $turn: there" wait_until 30 sessions_are 1
		case $turn in
		1) expect_tool 0 terminate "$NQN/$(cntlid)" ;;
		2) expect_tool 0 terminate --host "$HOSTNQN" ;;
		3) expect_tool 0 terminate --subsystem "$NQN" ;;
		esac
		expect_match "turn $turn" "$(cat "$TMP/out")" \
			"ended $NQN/[0-9]+ of host $HOSTNQN at $ADDR:[0-9]+"
		expect "turn $turn: counted" "$(ended_by_admin)" $turn
		expect_ok "turn $turn: I/O" io_is_flowing
	done
	end_load
}

all_of_them() {
	connect_as 1 $OTHER
	connect_as 2 $OTHER
	expect_ok "three" wait_until 30 sessions_are 3
	expect_tool 1 terminate $OTHER/60000
	expect_tool 1 terminate --host nqn.none
	expect_ok "all still there" sessions_are 3
	expect_tool 0 terminate --all --json
	expect "ended" "$(json "len(d['terminated'])")" 3
	host_clear
	expect_ok "none" wait_until 30 sessions_are 0
}

# The file has to say what the module says, and keep to the form.
for_prometheus() {
	local file=$TMP/nvmft.prom want

	expect_tool 0 stats --prometheus --output "$file"
	expect "mode" "$(stat -c %a "$file")" 644
	expect "twice" "$(grep -v '^#' "$file" | sed 's/ [^ ]*$//' | sort | uniq -d)" ""
	expect "odd lines" "$(grep -vE '^# (HELP|TYPE) nvmft_[a-z_]+ .+$|^nvmft_[a-z_]+(\{.*\})? [0-9.e+-]+$' \
		"$file")" ""
	want=$(sed -n "s/^subsys=$NQN nsid=1 .* write_bytes=\([0-9]*\) .*/\1/p" $PROC/namespaces)
	expect "bytes" "$(sed -n "s/^nvmft_namespace_bytes_total{subsystem=\"$NQN\",nsid=\"1\",$(
		)operation=\"write\"} //p" "$file")" "$want"
	expect "terminated" "$(sed -n "s/^nvmft_host_sessions_ended_total{host=\"$HOSTNQN\",$(
		)reason=\"terminated\"} //p" "$file")" 4
	expect_tool 0 stats
	expect_said out "terminated 4"
	clean_up
}

# Without the module there is nothing to be shown, and it is not loaded for that.
without_the_module() {
	clean_up
	expect_ok "rmmod" wait_until 10 target_unload
	for verb in sessions "terminate --all" "top --once" stats; do
		# shellcheck disable=SC2086 # words
		expect_tool 3 $verb
		expect_said err "the module nvmft is not loaded"
	done
	target_load
}

run_cases nobody what_the_host_says ls_counts_them what_fio_says rates_while_there_is_load \
	top_in_a_terminal ended_under_load all_of_them for_prometheus without_the_module
