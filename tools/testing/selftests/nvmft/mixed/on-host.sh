#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The host's side of scripts/check-mixed: this guest's kernel host against the
# target in the other guest, over a network card of each.
NVMFT_HOST_ONLY=y
. "$(dirname "$0")/../lib.sh"

ADDR=192.0.2.1
NQN=nqn.2026-01.test.nvmft:mixed
PORTS=/sys/kernel/config/nvmft/ports
LINK=subsystems/$NQN

# remote COMMAND LINE: in the target's guest; its output, its status.
remote() {
	local answer

	exec 8<>/dev/tcp/192.0.2.1/999 || return 1
	printf '%s\n' "$*" >&8
	answer=$(cat <&8)
	exec 8>&-
	[ "$(tail -n 1 <<<"$answer")" = 0 ] && sed '$d' <<<"$answer"
}

# ana PORT STATE: of the group that the namespace is in.
ana() {
	remote "echo $2 >$PORTS/$1/ana_groups/1/ana_state" || fail "ana_state $2 on port $1"
}

# path CONTROLLER: what this host holds of the path through it
path() {
	cat "$(path_dir "$1" 1)/ana_state"
}

path_is() {
	[ "$(path "$1")" = "$2" ]
}

# I/O on the disk in the other guest, as it is counted there.
remote_ios() {
	remote "cat /sys/block/null*/stat | awk '{ print \$1 + \$5 }'"
}

remote_ios_above() {
	[ "$(remote_ios)" -gt "$1" ]
}

flows() {
	wait_until 60 remote_ios_above $(($(remote_ios) + 50)) || fail "no I/O reaches the target: $1"
}

load() {
	DISK=none
	fio --name=load --filename="$DEV" --size=16m --rw=randrw --bssplit=4k/70:64k/30 \
		--direct=1 --ioengine=libaio --iodepth=8 --thread --time_based \
		--runtime=1000 --verify=crc32c --verify_backlog=32 --verify_fatal=1 \
		--verify_state_save=0 --output-format=terse >"$TMP/load" 2>&1 &
	LOAD_PID=$!
	flows "at first"
}

bring_up() {
	modprobe virtio_net && wait_until 5 test -d /sys/class/net/eth0 &&
		ip link set eth0 up && ip addr add 192.0.2.3/24 dev eth0 &&
		modprobe nvme-tcp && wait_until 20 remote true
}

discover() {
	expect_ok "discover" nvme discover -t tcp -a "$ADDR" -s "$SVC" -q "$HOSTNQN" -I "$HOSTID"
	nvme discover -t tcp -a "$ADDR" -s "$SVC" -q "$HOSTNQN" -I "$HOSTID" >"$TMP/log" 2>&1
	expect "entries of $NQN" "$(grep -c "subnqn: *$NQN" "$TMP/log")" 1
}

# connect_and_verify [OPTION]...
connect_and_verify() {
	connect_ns "$NQN" -i 2 "$@" || return
	fio_verify "$DEV" 16m --bssplit=4k/40:32k/30:128k/20:1m/10
	expect_ok "disconnect" disconnect "$NQN"
}

reset_under_load() {
	connect_ns "$NQN" -i 2 || return
	load
	for _ in 1 2 3; do
		expect_ok "reset" nvme reset "/dev/$CTRL"
		expect_ok "live again" wait_until 20 host_is_live "$CTRL"
		flows "after a reset"
	done
	end_load
	expect_ok "disconnect" disconnect "$NQN"
}

# The target's port goes and comes; the host finds back, and no I/O is lost.
port_gone_under_load() {
	connect_ns "$NQN" -i 2 -c 1 || return
	load
	remote "rm $PORTS/1/$LINK" || fail "unlink"
	expect_ok "not live" wait_until 20 host_is_not_live "$CTRL"
	remote "ln -s /sys/kernel/config/nvmft/$LINK $PORTS/1/$LINK" || fail "link"
	expect_ok "live again" wait_until 30 host_is_live "$CTRL"
	flows "after the port came back"
	end_load
	expect_ok "disconnect" disconnect "$NQN"
}

# Two paths; each in turn is taken away by its ANA state.
ana_under_load() {
	local first state

	connect_ns "$NQN" -i 1 || return
	first=$CTRL
	ADDR=192.0.2.2
	connect "$NQN" -i 1
	ADDR=192.0.2.1
	load
	for state in inaccessible non-optimized optimized; do
		ana 1 $state
		expect_ok "path 1 $state" wait_until 20 path_is "$first" $state
		flows "path 1 $state"
	done
	for state in change persistent-loss optimized; do
		ana 2 $state
		expect_ok "path 2 $state" wait_until 20 path_is "$CTRL" $state
		flows "path 2 $state"
	done
	end_load
	expect_ok "disconnect" disconnect "$NQN"
}

target_is_left_alone() {
	host_clear
	expect_ok "no connection is left there" wait_until 10 \
		remote "[ -z \"\$(ss -Htn state established 'sport = :$SVC')\" ]"
}

TMP=$(mktemp -d)
trap 'host_clear >/dev/null 2>&1; rm -rf "$TMP"; [ "$NVMFT_LAST" != True ] || remote end' EXIT
CASES=(bring_up discover connect_and_verify "connect_and_verify -g -G" reset_under_load
	port_gone_under_load ana_under_load target_is_left_alone)
ktap_print_header
ktap_set_plan ${#CASES[@]}
for spec in "${CASES[@]}"; do
	read -ra words <<<"$spec"
	run_one_case "${spec//_/ }" "${words[@]}"
	host_clear >/dev/null 2>&1
done
ktap_finished
