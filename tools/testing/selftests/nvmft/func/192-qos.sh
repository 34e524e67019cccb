#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Limits of namespaces and hosts: exact to 5 % in this machine's own time, whatever else
# it does, and never more than the limit and the burst. The host keeps 32 commands
# waiting, so a machine that is slow now and then loses nothing by it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../stats.sh"
is_nvmet && skip_all "nvmet has no limits"

SECOND=$NQN-second
HOST=$NVMFT_ROOT/hosts/$HOSTNQN
NS=$NVMFT_ROOT/subsystems/$NQN/namespaces/1
# Seconds that are measured
WINDOW=8
NS_READS=(namespaces reads "subsys=$NQN")
NS_BYTES=(namespaces read_bytes "subsys=$NQN")
HOST_READS=(hosts reads "hostnqn=$HOSTNQN")

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 2
}

# limit FOLDER IOPS KIBPS BURST_MS
limit() {
	put "$1/qos_burst_ms" "$4" && put "$1/qos_iops" "$2" && put "$1/qos_kibps" "$3" ||
		fail "limit of $1"
}

# tally FILE KEY FIELD: $TALLY is what its lines with this field have counted. A program
# that is started takes longer than what is measured may be wrong by.
tally() {
	local line

	TALLY=0
	while read -r line; do
		[[ " $line " == *" $3 "* && $line =~ (^| )$2=([0-9]+) ]] || continue
		TALLY=$((TALLY + BASH_REMATCH[2]))
	done <"$PROC/$1"
}

# load DEVICE BYTES [fio option]...: more than any limit here lets through
load() {
	local device=$1 bytes=$2

	shift 2
	put "/sys/block/${device##*/}/queue/nomerges" 2
	(
		trap '' PIPE
		exec fio --name=load --filename="$device" --size=32m --rw=randread --bs="$bytes" \
			--norandommap --direct=1 --ioengine=libaio --iodepth=32 --thread \
			--time_based --runtime=1000 --output-format=terse "$@"
	) >>"$TMP/load" 2>&1 &
}

# stop_load: without what waits, since that would take its time
stop_load() {
	limit "$1" 0 0 100
	# shellcheck disable=SC2046 # one word for each job
	kill -INT $(jobs -p) 2>/dev/null
	wait
}

# look NAME COUNT...: what a tally says, and between which two times it did, us
look() {
	local name=$1

	shift
	AT[$name.from]=${EPOCHREALTIME/[.,]/}
	tally "$@"
	AT[$name.to]=${EPOCHREALTIME/[.,]/}
	AT[$name.count]=$TALLY
}

has_begun() {
	tally "$@"
	[ "$TALLY" -gt "${AT[idle.count]}" ]
}

# The least that has to get through, percent. Who is late by more than the burst loses
# by it, and on a kernel that looks for bugs everything is late.
LEAST=95
[ "${NVMFT_TIME_FACTOR:-1}" = 1 ] || LEAST=50

# measure PER_SECOND BURST_MS COUNT...: from when what may go at once has gone. A machine
# that stands still for a moment is measured again; what can never be is found at once.
measure() {
	local rate=$1 burst=$2 turn

	shift 2
	expect_ok "it begins" wait_until 30 has_begun "$@"
	sleep 1
	for turn in 1 2 3; do
		measured "$rate" "$@"
		never_above "$rate" "$burst"
		[ $((GOT * 100000000)) -lt $((rate * SHORTEST * LEAST)) ] ||
			[ $((GOT * 100000000)) -gt $((rate * LONGEST * 105)) ] || return 0
	done
	fail "not $LEAST to 105 % of $rate/s"
}

# measured PER_SECOND COUNT...: $GOT in $SHORTEST to $LONGEST us
measured() {
	local rate=$1

	shift
	look start "$@"
	sleep "$WINDOW"
	look end "$@"
	GOT=$((${AT[end.count]} - ${AT[start.count]}))
	LONGEST=$((${AT[end.to]} - ${AT[start.from]}))
	SHORTEST=$((${AT[end.from]} - ${AT[start.to]}))
	ktap_print_msg "limit $rate/s: $GOT in $((SHORTEST / 1000))..$((LONGEST / 1000)) ms," \
		"$((GOT * 100000000 / LONGEST / rate))..$((GOT * 100000000 / SHORTEST / rate)) %"
}

# never_above PER_SECOND BURST_MS: since nothing was under way
never_above() {
	local got=$((${AT[end.count]} - ${AT[idle.count]})) us=$((${AT[end.to]} - ${AT[idle.from]}))
	local most=$(($1 * (us + $2 * 1000) / 1000000 + ${UNIT:-1}))

	[ $got -le $most ] || fail "$got in $((us / 1000)) ms, at most $most can be"
}

iops_of_a_namespace() {
	declare -A AT
	local rate=$((150 / ${NVMFT_TIME_FACTOR:-1}))

	setup || return
	limit "$NS" $rate 0 500
	look idle "${NS_READS[@]}"
	load "$DEV" 4k
	measure $rate 500 "${NS_READS[@]}"
	expect_match "qos_waits" "$(value namespaces qos_waits subsys="$NQN")" "[1-9][0-9]{2,}"
	expect_match "qos_wait_ns" "$(value namespaces qos_wait_ns subsys="$NQN")" "[1-9][0-9]{8,}"
	stop_load "$NS"
}

bytes_of_a_namespace() {
	declare -A AT
	local UNIT=16384

	setup || return
	limit "$NS" 0 1500 500
	look idle "${NS_BYTES[@]}"
	load "$DEV" 16k
	measure $((1500 * 1024)) 500 "${NS_BYTES[@]}"
	stop_load "$NS"
}

# Each command is two and a half times what may be saved up.
commands_above_the_burst() {
	declare -A AT
	local UNIT=262144

	setup || return
	limit "$NS" 0 2048 50
	look idle "${NS_BYTES[@]}"
	load "$DEV" 256k
	measure $((2048 * 1024)) 50 "${NS_BYTES[@]}"
	stop_load "$NS"
}

# One host, two controllers, and another host that the limit is nothing to.
host_with_two_controllers() {
	declare -A AT
	local first dev other rate=$((200 / ${NVMFT_TIME_FACTOR:-1}))

	setup || return
	dev=$DEV
	nullb_add nullb 64 && subsys_add "$SECOND" && ns_add "$SECOND" 1 "$DISK" &&
		link 1 "$SECOND" || fail "second subsystem"
	connect_ns "$SECOND" -i 1 || return
	mkdir "$HOST" || return
	limit "$HOST" $rate 0 500
	look idle "${HOST_READS[@]}"
	tally "${NS_READS[@]}"
	first=$TALLY
	load "$dev" 4k
	load "$DEV" 4k
	measure $rate 500 "${HOST_READS[@]}"
	tally "${NS_READS[@]}"
	first=$((TALLY - first))
	[ $first -gt $(((${AT[end.count]} - ${AT[idle.count]}) / 4)) ] ||
		fail "the first controller had $first of $((${AT[end.count]} - ${AT[idle.count]}))"
	expect_match "qos_waits" "$(value hosts qos_waits hostnqn="$HOSTNQN")" "[1-9][0-9]*"
	expect "its namespaces' waits" "$(value namespaces qos_waits subsys="$NQN")" 0
	connect_as 2 "$NQN" nr_io_queues=1 || fail "a second host"
	other=$(total hosts others hostnqn=nqn.2026-01.test:host-2)
	[ "$other" -gt 0 ] || fail "a second host does nothing"
	expect "waits of the second host" \
		"$(value hosts qos_waits hostnqn=nqn.2026-01.test:host-2)" 0
	stop_load "$HOST"
}

# What is saved up in a pause goes at once, and no more than that.
burst() {
	declare -A AT
	local got

	setup || return
	limit "$NS" 50 0 3000
	sleep 4
	look idle "${NS_READS[@]}"
	load "$DEV" 4k
	expect_ok "it begins" wait_until 30 has_begun "${NS_READS[@]}"
	sleep 4
	look end "${NS_READS[@]}"
	got=$((${AT[end.count]} - ${AT[idle.count]}))
	ktap_print_msg "burst 150, then 50/s: $got in 4 s"
	[ $got -ge $(((150 + 4 * 50) * 95 / 100)) ] || fail "$got are not a burst of 150 and 200"
	never_above 50 3000
	stop_load "$NS"
}

above() {
	tally "${NS_READS[@]}"
	[ "$TALLY" -gt "$1" ]
}

# While commands wait: more, less, and none.
changed_live() {
	declare -A AT
	local rate count

	setup || return
	load "$DEV" 4k
	for rate in 60 240 60; do
		limit "$NS" $rate 0 500
		sleep 1
		look idle "${NS_READS[@]}"
		# what a larger limit before has left
		AT[idle.count]=$((${AT[idle.count]} + 32))
		WINDOW=5 measure $rate 500 "${NS_READS[@]}"
	done
	put "$NS/qos_burst_ms" 1
	put "$NS/qos_iops" 1
	sleep 2
	tally "${NS_READS[@]}"
	count=$TALLY
	put "$NS/qos_iops" 0
	expect_ok "without a limit" wait_until 5 above $((count + 500))
	stop_load "$NS"
}

# 32 commands at one a second are answered as soon as there is no limit, and a
# namespace at which they wait goes at once.
nobody_waits_for_what_waits() {
	local start

	setup || return
	limit "$NS" 1 0 1
	load "$DEV" 4k
	expect_ok "commands wait" wait_until 20 above 0
	sleep 1
	start=$SECONDS
	put "$NS/enable" 0
	target_clear
	expect_ok "no connection is left" wait_until 10 target_has_no_connection
	expect_ok "unload" wait_until 10 target_unload
	[ $((SECONDS - start)) -lt $((40 * ${NVMFT_TIME_FACTOR:-1})) ] ||
		fail "it took $((SECONDS - start)) s"
	# shellcheck disable=SC2046 # one word for each job
	kill -INT $(jobs -p) 2>/dev/null
	host_clear
	wait
	target_load
}

values() {
	local file

	setup || return
	mkdir "$HOST"
	for file in "$NS" "$HOST"; do
		expect "defaults" "$(cat "$file"/qos_{iops,kibps,burst_ms} | tr '\n' ' ')" "0 0 100 "
		expect_accepted "$file/qos_iops" 4294967295
		expect_accepted "$file/qos_kibps" 4294967295
		expect_accepted "$file/qos_burst_ms" 10000
		expect_refused "$file/qos_iops" 4294967296 ERANGE
		expect_refused "$file/qos_kibps" -1 ERANGE
		expect_refused "$file/qos_burst_ms" 0 ERANGE
		expect_refused "$file/qos_burst_ms" 10001 ERANGE
		expect_refused "$file/qos_iops" fast EINVAL
	done
	expect_ok "read" dd if="$DEV" of=/dev/null bs=4k count=8 iflag=direct
	# a host that was never connected is not one that is or was
	rmdir "$HOST"
	mkdir "$NVMFT_ROOT/hosts/nqn.2026-01.test:never" &&
		put "$NVMFT_ROOT/hosts/nqn.2026-01.test:never/qos_iops" 5
	expect "lines of a host that was not here" "$(count_lines hosts hostnqn=nqn.2026-01.test:never)" 0
}

run_cases values iops_of_a_namespace bytes_of_a_namespace commands_above_the_burst \
	host_with_two_controllers burst changed_live nobody_waits_for_what_waits
