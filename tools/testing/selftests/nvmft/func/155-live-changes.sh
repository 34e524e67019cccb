#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What an administrator changes on several ports while hosts are connected: the
# number of queues, ranges of controller ids, where else to look.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	port_add 2 "$ADDR" ipv4 4421 && link 2 "$NQN" || fail "second port"
}

# queues CONTROLLER: I/O queues that it has
queues() {
	echo $(($(cat "/sys/class/nvme/$1/queue_count") - 1))
}

queues_are() {
	host_is_live "$1" && [ "$(queues "$1")" = "$2" ]
}

# Hosts come back with as many as there are to be now, and I/O goes on.
number_of_queues() {
	local first second n

	setup || return
	connect_ns "$NQN" -i 2 -c 1 -l 60 || return
	first=$CTRL
	SVC=4421 connect "$NQN" -i 2 -c 1 -l 60 || return
	second=$CTRL
	expect "queues at first" "$(queues "$first") $(queues "$second")" "2 2"
	fio_load "$DEV"
	for n in 1 128; do
		put "$SUBSYS/attr_qid_max" $n || fail "attr_qid_max $n"
		[ $n -lt 2 ] || n=2
		expect_ok "$n for the first" wait_until 30 queues_are "$first" $n
		expect_ok "$n for the second" wait_until 30 queues_are "$second" $n
		io_is_flowing
	done
	end_load
}

same_number_is_no_change() {
	local ended

	setup || return
	connect_ns "$NQN" -i 1 || return
	ended=$(kernel_log 'ends: attr_qid_max' | wc -l)
	put "$SUBSYS/attr_qid_max" 128
	sleep 1
	expect "controllers that ended" "$(kernel_log 'ends: attr_qid_max' | wc -l)" "$ended"
	expect "state" "$(host_state "$CTRL")" live
}

# cntlid CONTROLLER
cntlid() {
	cat "/sys/class/nvme/$1/cntlid"
}

# A range holds for controllers that come; those that are there stay.
controller_ids() {
	local first second third

	setup || return
	put "$SUBSYS/attr_cntlid_max" 101 && put "$SUBSYS/attr_cntlid_min" 100 || fail "range"
	connect_ns "$NQN" -i 1 || return
	first=$CTRL
	SVC=4421 connect "$NQN" -i 1 || return
	second=$CTRL
	expect "ids" "$(for n in "$first" "$second"; do cntlid "$n"; done | sort | xargs)" "100 101"
	connect_as 7 "$NQN" && fail "a third controller in a range of two"
	put "$SUBSYS/attr_cntlid_max" 65519 && put "$SUBSYS/attr_cntlid_min" 32000 || fail "range"
	connect_as 7 "$NQN" nr_io_queues=1 || fail "refused in the new range"
	third=$CTRL
	[ "$(cntlid "$third")" -ge 32000 ] || fail "id $(cntlid "$third") below the range"
	expect "those that were there" "$(host_state "$first") $(host_state "$second")" "live live"
}

# Asked at one port, a host finds the other by its referral, and what is there.
referral_to_the_other_port() {
	local dir=$NVMFT_ROOT/ports/1/referrals/second

	setup || return
	subsys_add "$NQN-there" && ns_add "$NQN-there" 1 "$DISK" && link 2 "$NQN-there" || fail "there"
	unlink 2 "$NQN"
	mkdir "$dir"
	put "$dir/addr_trtype" tcp && put "$dir/addr_adrfam" ipv4 &&
		put "$dir/addr_traddr" "$ADDR" && put "$dir/addr_trsvcid" 4421 &&
		put "$dir/enable" 1 || fail "referral"
	expect_ok "connect-all" nvme connect-all -t tcp -a "$ADDR" -s "$SVC" -q "$HOSTNQN" -I "$HOSTID"
	expect_ok "what is here" wait_until 10 block_is_there "$NQN" 1
	expect_ok "what is there" wait_until 10 block_is_there "$NQN-there" 1
	host_clear
	put "$dir/enable" 0
	expect_ok "connect-all" nvme connect-all -t tcp -a "$ADDR" -s "$SVC" -q "$HOSTNQN" -I "$HOSTID"
	expect_ok "what is here" wait_until 10 block_is_there "$NQN" 1
	block_is_there "$NQN-there" 1 && fail "found without the referral"
	rmdir "$dir"
}

run_cases number_of_queues same_number_is_no_change controller_ids referral_to_the_other_port
