#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Limits that the configuration sets: number of queues, their depth, the size of
# one transfer.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN

setup() {
	clean_up
	nullb_add nulla 64
	subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" && port_add 1 || fail "setup"
}

io_queues() {
	echo $(($(cat "/sys/class/nvme/$CTRL/queue_count") - 1))
}

# queues QID_MAX ASKED GRANTED
queues() {
	setup
	put "$SUBSYS/attr_qid_max" "$1"
	link 1 "$NQN"
	connect_ns "$NQN" -i "$2" || return
	expect "I/O queues" "$(io_queues)" "$3"
}

qid_max_while_connected() {
	setup
	link 1 "$NQN"
	connect_ns "$NQN" -i 2 -c 1 || return
	expect "store" "$(errno_of put "$SUBSYS/attr_qid_max" 1)" OK
	# hosts come back by themselves where the target ends their sessions
	expect_ok "live" wait_until 10 host_is_live "$CTRL"
	fio_verify "$DEV" 2m --bs=16k
	connect_as 3 "$NQN" nr_io_queues=2 || return
	expect "I/O queues of the next host" "$(io_queues)" 1
}

# queue_depth MAX ASKED GRANTED
queue_depth() {
	setup
	[ -e "$NVMFT_ROOT/ports/1/param_max_queue_size" ] ||
		{ skip_case "this nvmet has no param_max_queue_size"; return; }
	put "$NVMFT_ROOT/ports/1/param_max_queue_size" "$1"
	link 1 "$NQN"
	connect_ns "$NQN" -i 1 -Q "$2" || return
	expect "sqsize" "$(cat "/sys/class/nvme/$CTRL/sqsize")" $(($3 - 1))
	fio_verify "$DEV" 4m --bs=4k --iodepth=128
}

# mdts EXPONENT
mdts() {
	local kib

	setup
	[ -e "$NVMFT_ROOT/ports/1/param_mdts" ] ||
		{ skip_case "this nvmet has no param_mdts"; return; }
	put "$NVMFT_ROOT/ports/1/param_mdts" "$1"
	link 1 "$NQN"
	connect_ns "$NQN" -i 1 || return
	nvme id-ctrl "/dev/$CTRL" >"$TMP/id"
	expect "mdts" "$(field mdts "$TMP/id")" "$1"
	kib=$((4 << $1))
	expect "the host's limit" "$(cat "/sys/block/${DEV##*/}/queue/max_hw_sectors_kb")" $kib
	fio_verify "$DEV" 8m --bs=1m
	expect_ok "just MDTS" nvme read "$DEV" --start-block=0 \
		--block-count=$((kib * 2 - 1)) --data-size=$((kib * 1024))
}

run_cases "queues 128 2 2" "queues 1 2 1" qid_max_while_connected \
	"queue_depth 16 128 16" "queue_depth 1024 32 32" "mdts 3" "mdts 8"
