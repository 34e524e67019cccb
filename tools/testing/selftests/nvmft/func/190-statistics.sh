#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# /proc/fs/nvmft: sessions and counters say exactly what hosts have done, and can be
# read while everything comes and goes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../stats.sh"
is_nvmet && skip_all "nvmet has no statistics"

FILES="sessions queues namespaces hosts ports errors"

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
}

# keys FILE: those of its first line
keys() {
	sed -n 2p "$PROC/$1" | tr ' ' '\n' | sed 's/=.*//' | tr '\n' ' '
}

format() {
	local file traffic="reads writes read_bytes write_bytes others errors "

	setup
	connect_ns "$NQN" || return
	for file in $FILES; do
		expect "first line" "$(head -n 1 "$PROC/$file")" "# nvmft $file 1"
		expect "mode of $file" "$(command stat -c %a "$PROC/$file")" 440
		expect "odd lines of $file" "$(sed 1d "$PROC/$file" |
			grep -Evc '^([a-z_0-9]+=[^ ]*)( [a-z_0-9]+=[^ ]*)*$')" 0
	done
	expect "mode of terminate" "$(command stat -c %a "$PROC/terminate")" 200
	expect "sessions" "$(keys sessions)" "subsys cntlid type hostnqn hostid addr port traddr \
state queues size hdgst ddgst kato_ms kato_left_ms age_ms ${traffic}inflight "
	expect "queues" "$(keys queues)" "subsys cntlid qid size cpu ${traffic}r2ts ddgst_errors \
inflight read_lat write_lat "
	expect "namespaces" "$(keys namespaces)" "subsys nsid device enabled ${traffic}\
errors_generic errors_specific errors_media errors_path errors_vendor read_lat write_lat \
qos_waits qos_wait_ns "
	expect "buckets" "$(value queues read_lat qid=1 | tr ',' '\n' | wc -l)" 24
}

sessions_are_those_of_the_host() {
	local line

	setup
	connect_ns "$NQN" -i 2 -k 7 -g || return
	expect "sessions" "$(count_lines sessions subsys="$NQN")" 1
	expect "cntlid" "$(value sessions cntlid)" "$(cat "/sys/class/nvme/$CTRL/cntlid")"
	expect "queues" "$(value sessions queues)" "$(cat "/sys/class/nvme/$CTRL/queue_count")"
	expect "hostnqn" "$(value sessions hostnqn)" "$(cat "/sys/class/nvme/$CTRL/hostnqn")"
	expect "hostid" "$(value sessions hostid)" "$(cat "/sys/class/nvme/$CTRL/hostid")"
	expect "kato_ms" "$(value sessions kato_ms)" 7000
	expect_match "kato_left_ms" "$(value sessions kato_left_ms)" "[3-7][0-9]{3}"
	expect "digests" "$(value sessions hdgst)$(value sessions ddgst)" 10
	expect "state" "$(value sessions state)" ready
	expect "type" "$(value sessions type)" io
	expect "port" "$(value sessions port) $(value sessions traddr)" "1 $ADDR"
	# the lowest of the host's ports is that of its admin queue
	line=$(ss -Htn state established "dport = :$SVC" | awk '{ print $3 }' | sort -t: -k2n)
	expect_match "addr" "$line" "(.*[^0-9])?$(value sessions addr)([^0-9].*)?"
	expect "queues of it" "$(count_lines queues subsys="$NQN")" 3
	# as nvmet shows them
	line=/sys/kernel/debug/nvmft/$NQN/ctrl$(value sessions cntlid)
	if [ -d /sys/kernel/debug/nvmft ]; then
		expect_ok "debugfs" wait_until 5 test -e "$line/state"
		expect "debugfs hostnqn" "$(cat "$line/hostnqn")" "$HOSTNQN"
		expect "debugfs host_traddr" "$(cat "$line/host_traddr")" "$ADDR"
		expect "debugfs port" "$(cat "$line/port")" 1
		expect "debugfs kato" "$(cat "$line/kato")" 7
		expect "debugfs state" "$(cat "$line/state")" ready
	fi
	disconnect "$NQN"
	expect_ok "gone" wait_until 5 no_session
	expect_ok "debugfs of a session that has gone" wait_until 5 test ! -e "$line"
}

# note NAME: what everybody has counted by now
note() {
	local key

	for key in reads writes read_bytes write_bytes errors; do
		NOTES[$1.ns.$key]=$(total namespaces $key subsys="$NQN")
		NOTES[$1.session.$key]=$(total sessions $key subsys="$NQN")
		NOTES[$1.queue.$key]=$(total queues $key subsys="$NQN")
		NOTES[$1.host.$key]=$(total hosts $key hostnqn="$HOSTNQN")
	done
	for key in read_lat write_lat; do
		NOTES[$1.ns.$key]=$(histogram namespaces $key subsys="$NQN")
		NOTES[$1.queue.$key]=$(histogram queues $key subsys="$NQN")
	done
	NOTES[$1.queue.r2ts]=$(total queues r2ts subsys="$NQN")
}

# since KEY WANT OBJECT...: by so much has it grown from "before" to "after"
since() {
	local key=$1 want=$2 object before after

	shift 2
	for object in "$@"; do
		before=${NOTES[before.$object.$key]}
		after=${NOTES[after.$object.$key]}
		expect "$object: $key" $((after - before)) "$want"
	done
}

# no two requests of fio become one, and nobody else looks at the disk
quiet_host() {
	udevadm settle 2>/dev/null
	for queue in /sys/block/nvme*n*/queue; do
		put "$queue/nomerges" 2
		put "$queue/read_ahead_kb" 0
	done
}

fio_ios() {
	expect_ok "fio $*" fio --name=count --filename="$DEV" --size=32m --direct=1 --thread \
		--ioengine=libaio --iodepth=16 --output-format=terse "$@"
}

counters_equal_fio() {
	declare -A NOTES
	local ended

	setup
	connect_ns "$NQN" -i 2 || return
	quiet_host
	note before
	fio_ios --rw=randread --bs=4k --number_ios=377 --norandommap
	fio_ios --rw=randwrite --bs=8k --number_ios=64 --norandommap --numjobs=2
	fio_ios --rw=randwrite --bs=256k --number_ios=20 --norandommap
	fio_ios --rw=randread --bs=64k --number_ios=33 --norandommap
	note after
	since reads $((377 + 33)) ns session queue host
	since read_bytes $((377 * 4096 + 33 * 65536)) ns session queue host
	since writes $((2 * 64 + 20)) ns session queue host
	since write_bytes $((2 * 64 * 8192 + 20 * 262144)) ns session queue host
	since errors 0 ns session queue host
	since read_lat $((377 + 33)) ns queue
	since write_lat $((2 * 64 + 20)) ns queue
	# 256 KiB in the windows of at most 1 MiB; 8 KiB in the capsule
	since r2ts 20 queue

	# what has ended is neither lost nor counted twice
	ended=$(value hosts ended_shutdown hostnqn="$HOSTNQN")
	disconnect "$NQN"
	expect_ok "gone" wait_until 5 no_session
	note gone
	expect "host: reads, gone" "${NOTES[gone.host.reads]}" "${NOTES[after.host.reads]}"
	expect "host: writes, gone" "${NOTES[gone.host.writes]}" "${NOTES[after.host.writes]}"
	expect "ns: reads, gone" "${NOTES[gone.ns.reads]}" "${NOTES[after.ns.reads]}"
	expect "host: sessions" "$(value hosts sessions hostnqn="$HOSTNQN")" 0
	expect "ended by shutdown" "$(value hosts ended_shutdown hostnqn="$HOSTNQN")" $((ended + 1))
	expect "connections" "$(value ports connections)" 0
	expect "ended connections" "$(ended_total ports)" "$(value ports accepts)"
}

errors_by_status() {
	local before after

	setup
	connect_ns "$NQN" || return
	before=$(value namespaces errors_generic)
	# LBA Out of Range, three times; Invalid Opcode, which no namespace has
	for _ in 1 2 3; do
		nvme io-passthru "$DEV" --opcode=2 --namespace-id=1 --cdw10=0x7fffffff \
			--cdw11=1 --data-len=512 --read >"$TMP/read" 2>&1
	done
	nvme io-passthru "$DEV" --opcode=0x55 --namespace-id=1 >/dev/null 2>&1
	after=$(value namespaces errors_generic)
	expect "errors of the namespace" $((after - before)) 3
	expect "its LBA Out of Range" \
		"$(value errors count object=namespace subsys="$NQN" sct=0 sc=128)" 3
	expect "the controller's" \
		"$(value errors count object=controller subsys="$NQN" sct=0 sc=128)" 3
	expect "the controller's opcode" \
		"$(value errors count object=controller subsys="$NQN" sct=0 sc=1)" 1
	expect_match "the host's" \
		"$(value errors count object=host hostnqn="$HOSTNQN" sct=0 sc=128)" "[0-9]+"
}

# Names are not NQNs by need: what would break a line comes in octal.
odd_names() {
	local odd='nqn.2026-01.test:a b\c'

	setup
	mkdir "$NVMFT_ROOT/subsystems/$odd" || return
	mkdir "$NVMFT_ROOT/subsystems/$odd/namespaces/1"
	put "$NVMFT_ROOT/subsystems/$odd/namespaces/1/device_path" $'/dev/tab\there=x'
	expect "device" "$(value namespaces device 'subsys=nqn.2026-01.test:a\040b\134c')" \
		'/dev/tab\011here=x'
	expect "errno for an odd name" "$(errno_of put "$PROC/terminate" \
		'subsys=nqn.2026-01.test:a\040b\134c')" ENOENT
	rmdir "$NVMFT_ROOT/subsystems/$odd/namespaces/1" "$NVMFT_ROOT/subsystems/$odd"
	expect "without its folder" "$(count_lines namespaces nsid=1)" 1
}

ports_count_refusals() {
	local before after

	setup
	before=$(value ports refused_connects)
	connect nqn.2026-01.test:not-there >/dev/null 2>&1
	put "$NVMFT_ROOT/subsystems/$NQN/attr_allow_any_host" 0
	connect "$NQN" >/dev/null 2>&1
	after=$(value ports refused_connects)
	expect_match "refused" "$((after - before))" "[2-9]"
	expect_ok "they end" wait_until 10 target_has_no_connection
	expect "ended as refused" "$(value ports ended_refused)" "$after"
}

tracepoints() {
	local events=/sys/kernel/tracing/events/nvmft

	mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing 2>/dev/null
	setup
	[ -d $events ] || { skip_case "no tracefs"; return; }
	put $events/enable 1
	connect_ns "$NQN" -i 1 || return
	dd if="$DEV" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
	disconnect "$NQN"
	expect_ok "gone" wait_until 5 no_session
	put $events/enable 0
	expect_ok "a session begins" grep -q "nvmft_session_begin: subsys=$NQN" \
		/sys/kernel/tracing/trace
	expect_ok "and ends" grep -q "nvmft_session_end: subsys=$NQN.*end=1" \
		/sys/kernel/tracing/trace
	expect_ok "a command is executed" grep -q \
		"nvmft_req_state: .*qid=1 .*opcode=0x2 .*new->exec" /sys/kernel/tracing/trace
	expect_ok "a connection goes live" grep -q "nvmft_tcp_state: .*new->live" \
		/sys/kernel/tracing/trace
	: >/sys/kernel/tracing/trace
}

read_all() {
	local file

	while :; do
		for file in $FILES; do
			cat "$PROC/$file" >/dev/null 2>&1
		done
		cat /sys/kernel/debug/nvmft/*/*/* >/dev/null 2>&1
		sleep 0.02
	done
}

# Readers while sessions come and go, folders are removed and modules unloaded
readers_in_the_way() {
	local round readers=()

	setup
	read_all &
	readers+=($!)
	read_all &
	readers+=($!)
	exec 8<"$PROC/sessions"
	for round in 1 2 3; do
		connect_ns "$NQN" -i 2 || break
		connect_as 2 "$NQN" nr_io_queues=1 || fail "round $round: a second host"
		dd if="$DEV" of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null
		[ $((round % 2)) = 0 ] || disconnect "$NQN"
		target_clear
		expect_ok "round $round: unload" wait_until 20 target_unload
		host_clear
		target_load
		export_device "$DISK" || fail "round $round: export"
	done
	expect "a file of a module that has gone" "$(cat <&8 2>/dev/null)" ""
	exec 8<&-
	kill "${readers[@]}"
	wait "${readers[@]}" 2>/dev/null
	return 0
}

run_cases format sessions_are_those_of_the_host counters_equal_fio errors_by_status odd_names \
	ports_count_refusals tracepoints readers_in_the_way
