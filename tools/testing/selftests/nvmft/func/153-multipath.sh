#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Four ports, four controllers, one disk on the host. The ANA states of the paths
# move under verified I/O, paths fail and come back, and who reads and writes does
# not notice.
. "$(dirname "$0")/../lib.sh"

PORTS="1 2 3 4"
declare -A LANES

setup() {
	local port

	clean_up
	nullb_add nulla 64
	subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" ana_grpid=2 || fail "export"
	for port in $PORTS; do
		port_add "$port" "127.0.0.$port" || fail "port $port"
		mkdir "$NVMFT_ROOT/ports/$port/ana_groups/2"
		state "$port" optimized
		link "$port" "$NQN" || fail "link $port"
		ADDR=127.0.0.$port connect "$NQN" -i 1 -c 1 -l 120 || return
		LANES[$port]=$CTRL
	done
	wait_for_ns "$NQN"
}

# state PORT STATE
state() {
	put "$NVMFT_ROOT/ports/$1/ana_groups/2/ana_state" "$2"
}

# seen PORT: the host's idea of it
seen() {
	cat "/sys/class/nvme/${LANES[$1]}"/nvme*c*n1/ana_state
}

seen_is() {
	[ "$(seen "$1")" = "$2" ]
}

# move PORT STATE: and wait until the host knows.
move() {
	state "$1" "$2" || fail "$1 to $2"
	expect_ok "the host sees port $1 $2" wait_until 20 seen_is "$1" "$2"
}

# path_ios PORT: I/Os that the host has sent by it
path_ios() {
	awk '{ print $1 + $5 }' "/sys/class/nvme/${LANES[$1]}"/nvme*c*n1/stat
}

path_ios_above() {
	[ "$(path_ios "$1")" -gt "$2" ]
}

# flows_by PORT...: I/O goes by these paths.
flows_by() {
	local port

	for port in "$@"; do
		expect_ok "I/O by port $port" wait_until 30 path_ios_above "$port" \
			$(($(path_ios "$port") + 20))
	done
}

# flows_not_by PORT...: and by these none, while it goes on.
flows_not_by() {
	local port before=()

	for port in "$@"; do
		before[port]=$(path_ios "$port")
	done
	io_is_flowing
	for port in "$@"; do
		expect "I/Os by port $port" "$(path_ios "$port")" "${before[port]}"
	done
}

one_disk() {
	local port

	setup || return
	expect "controllers" "$(host_controllers "$NQN" | wc -l)" 4
	expect "disks" "$(echo /sys/class/nvme-subsystem/*/nvme*n1 | wc -w)" 1
	expect "ids" "$(for port in $PORTS; do cat "/sys/class/nvme/${LANES[$port]}/cntlid"; done |
		sort -u | wc -l)" 4
	fio_verify "$DEV" 4m --bs=16k
}

# A path that cannot be used is not, the preferred one is, wherever it moves.
failover_and_failback() {
	local port

	setup || return
	for port in 2 3 4; do
		move "$port" non-optimized
	done
	fio_load "$DEV"
	flows_by 1
	flows_not_by 2 3 4
	move 2 optimized
	move 1 inaccessible
	flows_by 2
	flows_not_by 1 3 4
	move 2 persistent-loss
	flows_by 3
	flows_not_by 1 2
	move 1 optimized
	flows_by 1
	flows_not_by 2 3 4
	end_load
}

# No path for a while: I/O waits, and does not fail.
none_for_a_while() {
	local port shut before

	setup || return
	fio_load "$DEV"
	for shut in inaccessible change persistent-loss; do
		for port in $PORTS; do
			state "$port" $shut || fail "$port to $shut"
		done
		before=$(disk_ios)
		sleep 2
		expect "I/Os at the disk, all paths $shut" "$(disk_ios)" "$before"
		for port in 4 2; do
			move "$port" optimized
		done
		io_is_flowing
	done
	end_load
}

# States drawn by lot, two paths at a time on their way, one always open.
at_random() {
	local names=(optimized non-optimized inaccessible persistent-loss change)
	local round port other keep

	setup || return
	fio_load "$DEV"
	RANDOM=7
	for ((round = 0; round < 40; round++)); do
		keep=$((RANDOM % 4 + 1))
		port=$(((keep + RANDOM % 3) % 4 + 1))
		other=$(((port + RANDOM % 3) % 4 + 1))
		state $keep optimized || fail "round $round"
		state $port "${names[RANDOM % 5]}" &
		[ $other = $keep ] || state $other "${names[RANDOM % 5]}" || fail "round $round"
		wait $! || fail "round $round"
	done
	for port in $PORTS; do
		move "$port" optimized
	done
	flows_by 1
	end_load
}

# Connections go while states move: whatever is lost is sent again.
paths_lost_and_found() {
	local port

	setup || return
	fio_load "$DEV"
	for port in $PORTS; do
		state "$port" non-optimized
		unlink "$port" "$NQN" || fail "unlink $port"
		io_is_flowing
		state $((port % 4 + 1)) inaccessible
		link "$port" "$NQN" || fail "link $port"
		expect_ok "path $port is back" wait_until 30 host_is_live "${LANES[$port]}"
		move "$port" optimized
		io_is_flowing
	done
	end_load
}

run_cases one_disk failover_and_failback none_for_a_while at_random paths_lost_and_found
