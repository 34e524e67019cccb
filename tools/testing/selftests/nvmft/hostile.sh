#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Hostile, vanishing and very many hosts (kfuzz/main.c says what they do), and what they
# leave behind. Arguments are cases ("idle_queues host" and replay are only run if they are
# named); the variables say how much of each.
#
# run_cases ends the script, and calls what it is told by name:
# shellcheck disable=SC2317
. "$(dirname "$0")/lib.sh"

KFUZZ=${KFUZZ:-$LIB_DIR/kfuzz/kfuzz}
KFUZZ_HERE=("$KFUZZ" --nqn "$NQN" --port "$SVC" --factor "${NVMFT_TIME_FACTOR:-1}"
	--seed "${NVMFT_FUZZ_SEED:-1}")
TIME_WAIT=/proc/sys/net/ipv4/tcp_max_tw_buckets
TIME_WAIT_MAX=$(<$TIME_WAIT)
WITNESS=nqn.2026-01.test.kfuzz:witness
FUZZ_SECONDS=${NVMFT_FUZZ_SECONDS:-40}
CYCLES=${NVMFT_CYCLES:-300}
IDLE_QUEUES=${NVMFT_IDLE_QUEUES:-1000}
DISCOVERIES=${NVMFT_DISCOVERIES:-300}
KILLED=${NVMFT_KILLED:-20}

setup() {
	local host=$NVMFT_ROOT/hosts/$WITNESS witness

	[ ! -d "$NVMFT_ROOT/ports/1" ] || return 0
	nullb_add nulla 16 && witness=$DISK && port_add 1 && subsys_add "$NQN" && ns_add "$NQN" 1 "$witness" &&
		nullb_add nullb 16 && ns_add "$NQN" 2 "$DISK" &&
		nullb_add nullc 16 irqmode=2 completion_nsec=8000000 && ns_add "$NQN" 3 "$DISK" &&
		mkdir "$host" &&
		ln -s "$host" "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/allowed_hosts/" && link 1 "$NQN"
}

run_kfuzz() {
	expect_ok "export" setup || return
	"${KFUZZ_HERE[@]}" "$@" ||
		fail "kfuzz $* ended with $?; $(grep . /sys/module/nvmft_tcp/parameters/conns_* | xargs)"
}

# meminfo FIELD...: their sum, KiB
meminfo() {
	local IFS='|'

	awk -F '[: ]+' -v names="^($*)\$" '$1 ~ names { sum += $2 } END { print sum }' /proc/meminfo
}

# What the kernel itself holds, once caches are dropped and freed memory is free. TCP keeps
# something of closed connections for a minute, if it may.
kernel_memory() {
	expect_ok "created is destroyed" wait_until 20 counters_balance
	sleep 1
	echo 3 >/proc/sys/vm/drop_caches
	meminfo SUnreclaim Percpu KernelStack PageTables VmallocUsed
}

# KASAN keeps what was freed for a while: there kmemleak tells instead.
is_debug_kernel() {
	[ "${NVMFT_TIME_FACTOR:-1}" -gt 1 ]
}

# Streams that are wrong in every way, beside a host that has done nothing.
fuzz() {
	run_kfuzz --seconds "$FUZZ_SECONDS" ${NVMFT_FUZZ_COUNT:+--count "$NVMFT_FUZZ_COUNT"} \
		${NVMFT_FUZZ_WORKERS:+--workers "$NVMFT_FUZZ_WORKERS"}
}

# one case of an earlier run again, told step by step
replay() {
	run_kfuzz --case "$NVMFT_FUZZ_CASE"
}

cuts() {
	run_kfuzz --cuts
}

killed() {
	run_kfuzz --killed "$KILLED"
}

# Memory is where it was, beside what a few cycles need once.
cycles() {
	local before after

	put "$TIME_WAIT" 0
	run_kfuzz --cycles 60
	before=$(kernel_memory)
	run_kfuzz --cycles "$CYCLES"
	after=$(kernel_memory)
	put "$TIME_WAIT" "$TIME_WAIT_MAX"
	ktap_print_msg "kernel memory before $CYCLES cycles: $before KiB, after: $after KiB"
	is_debug_kernel || [ $((after - before)) -lt 128 ] || fail "$((after - before)) KiB more"
	is_debug_kernel && expect "leaks" "$(new_leaks)" ""
	return 0
}

discovery_storm() {
	run_kfuzz --storm "$DISCOVERIES"
}

# idle_queues HOW: they end because the host dies, or because the port goes
idle_queues() {
	local how=$1 before with start pipe=$TMP/idle

	put "$TIME_WAIT" 0
	run_kfuzz --cycles 4
	before=$(kernel_memory)
	mkfifo "$pipe"
	exec 8<>"$pipe"
	"${KFUZZ_HERE[@]}" --idle "$IDLE_QUEUES" <"$pipe" 8>&- >"$TMP/idle.out" &
	wait_until 120 grep -q "^ready" "$TMP/idle.out" || fail "the queues: $(cat "$TMP/idle.out")"
	expect "connections" "$(target_connections)" $((IDLE_QUEUES * 3 / 2))
	# what a busy queue keeps goes back after ten seconds
	sleep 12
	echo 3 >/proc/sys/vm/drop_caches
	with=$(meminfo SUnreclaim Percpu KernelStack PageTables VmallocUsed)
	start=$(date +%s%3N)
	case $how in
	host) kill -KILL $! ;;
	port) unlink 1 "$NQN" ;;
	esac
	expect_ok "they end" wait_until 30 counters_balance
	ktap_print_msg "$(head -n 1 "$TMP/idle.out"); ended in $(($(date +%s%3N) - start)) ms;" \
		"$(((with - before) * 1024 / (IDLE_QUEUES * 3 / 2))) bytes for each connection, both ends"
	put "$TIME_WAIT" "$TIME_WAIT_MAX"
	exec 8>&-
	wait
	rm "$pipe"
	[ "$how" != port ] || link 1 "$NQN"
}

[ -x "$KFUZZ" ] || skip_all "kfuzz is not built: make -C kfuzz"
[ $# = 0 ] || run_cases "$@"
! is_debug_kernel || run_cases fuzz cycles
run_cases fuzz cuts killed cycles discovery_storm "idle_queues port"
