#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A network that loses, repeats, reorders and changes packets, one that is away for
# longer than the keep-alive timeout, and one whose changes TCP does not see: what was
# written is what is read.
. "$(dirname "$0")/../lib.sh"

# The target's port is in a network namespace of its own, at the other end of a veth.
NETNS=nvmft-target
HOST_ADDR=192.0.2.1
TARGET_ADDR=192.0.2.2

in_target() {
	nsenter --net="/run/netns/$NETNS" "$@"
}

network_up() {
	modprobe veth && ip netns add $NETNS &&
		ip link add nvmft-host type veth peer name nvmft-port netns $NETNS &&
		ip addr add $HOST_ADDR/24 dev nvmft-host && ip link set nvmft-host up &&
		in_target ip addr add $TARGET_ADDR/24 dev nvmft-port &&
		in_target ip link set nvmft-port up
}

network_down() {
	ip link del nvmft-host 2>/dev/null
	! [ -e /run/netns/$NETNS ] || ip netns del $NETNS
}

setup() {
	local ADDR=$TARGET_ADDR

	clean_up
	network_down
	nullb_add nulla 64
	expect_ok "network" network_up || return
	port_add 1 && subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" || fail "export"
	in_target ln -s "$NVMFT_ROOT/subsystems/$NQN" "$NVMFT_ROOT/ports/1/subsystems/" || fail "listen"
}

# netem PARAMETER...: on what either side sends
netem() {
	modprobe -q sch_netem && tc qdisc add dev nvmft-host root netem "$@" &&
		in_target tc qdisc add dev nvmft-port root netem "$@"
}

# TCP segments whose checksum was wrong, on both sides
bad_checksums() {
	{
		cat /proc/net/snmp
		in_target cat /proc/net/snmp
	} | awk '$1 == "Tcp:" && $2 != "RtoAlgorithm" { sum += $16 } END { print sum }'
}

bad_packets() {
	local before

	setup
	ADDR=$TARGET_ADDR connect_ns "$NQN" -i 2 -g -G -k 30 || return
	before=$(bad_checksums)
	expect_ok "netem" netem delay 1ms 500us loss 1% duplicate 1% reorder 5% corrupt 1%
	fio_verify "$DEV" 4m --bs=16k
	[ "$(bad_checksums)" -gt "$before" ] || fail "no segment was corrupt"
	tc -s qdisc show dev nvmft-host | grep -q 'dropped [1-9]' || fail "no packet was lost"
	disconnect "$NQN"
	network_down
}

# Away for longer than KATO: the target lets go, the host comes back, and I/O that
# waited meanwhile goes on.
link_goes_and_comes() {
	setup
	ADDR=$TARGET_ADDR connect_ns "$NQN" -i 2 -k 2 -c 1 -l 600 || return
	fio_load "$DEV"
	expect_ok "link down" ip link set nvmft-host down
	expect_ok "the target lets go" wait_until 20 counters_balance
	expect_ok "link up" ip link set nvmft-host up
	expect_ok "the host is back" wait_until 60 host_is_live "$CTRL"
	io_is_flowing
	end_load
	disconnect "$NQN"
	network_down
}

# What a switch or a network card may do behind TCP's checksum
changes_behind_tcp() {
	local flips

	setup
	unlink 1 "$NQN"
	rmdir "$NVMFT_ROOT/ports/1"
	port_add 1 && link 1 "$NQN" || fail "listen on $ADDR"
	python3 "$LIB_DIR/func/flip-proxy.py" 4430 "$SVC" >"$TMP/flips" 2>&1 &
	wait_until 30 listens 4430 || { fail "the proxy: $(cat "$TMP/flips")"; return; }
	SVC=4430 connect_ns "$NQN" -i 1 -g -G -k 30 -c 1 -l 600 || return
	fio_verify "$DEV" 6m --bs=32k
	expect_ok "fio's blocks on the disk are those the host reads" cmp -n $((6 << 20)) "$DEV" "$DISK"
	flips=$(wc -l <"$TMP/flips")
	ktap_print_msg "$flips bits flipped, $(kernel_log 'digest error' | wc -l) lines of digest errors"
	[ "$flips" -ge 5 ] || fail "the proxy flipped $flips bits"
	[ -n "$(kernel_log 'digest error')" ] || fail "nobody saw a digest error"
	disconnect "$NQN"
}

is_nvmet && skip_all "nvmet has no counters of connections"
run_cases bad_packets link_goes_and_comes changes_behind_tcp
