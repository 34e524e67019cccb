#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Features as nvme-cli shows and sets them, and what the kernel's host makes of
# a namespace that is write protected and of the sizes of its disk.
. "$(dirname "$0")/../lib.sh"

# FID, kept for a value that can be set and read back (or -), as nvme-cli takes it
FEATURES="1:3 2:0x20 4:0x15e 5:- 6:- 7:- 0xa:1 0xb:- 0xe:- 0xf:- 0x16:- 0x84:-"

setup() {
	is_nvmet && skip_all "nvmet has few of these features"
	nullb_add nulla 64 cache_size=4
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 2 || return
}

# feature ARGUMENT...: the value that nvme-cli shows; its message if it is refused
feature() {
	nvme get-feature "$@" 2>&1 | sed -n '1s/.*value:\(0x\)\{0,1\}/0x/p; 1s/^NVMe status: //p'
}

every_feature() {
	local pair fid

	setup
	nvme fid-support-effects-log "/dev/$CTRL" >"$TMP/fids" || fail "log page 12h"
	for pair in $FEATURES; do
		fid=${pair%:*}
		expect_match "feature $fid" "$(feature "$DEV" -f "$fid")" "0x[0-9a-f]{8}"
		grep -q "^FID $(printf '%02x' $((fid))) " "$TMP/fids" || fail "$fid is not in page 12h"
		[ "${pair#*:}" != - ] || continue
		expect_ok "set $fid" nvme set-feature "/dev/$CTRL" -f "$fid" -v "${pair#*:}"
		expect "feature $fid as set" $(($(feature "/dev/$CTRL" -f "$fid"))) $((${pair#*:}))
		expect_match "default of $fid" "$(feature "/dev/$CTRL" -f "$fid" -s 1)" "0x[0-9a-f]{8}"
		expect "capabilities of $fid" $(($(feature "/dev/$CTRL" -f "$fid" -s 3))) 4
	done
	# the ones above, and Host Identifier, which nvme-cli cannot ask for over fabrics
	expect "features in page 12h" "$(grep -c '^FID [0-9a-f][0-9a-f] ' "$TMP/fids")" $(($(wc -w <<<"$FEATURES") + 1))
}

refusals() {
	expect_match "a power state" "$(nvme set-feature "/dev/$CTRL" -f 2 -v 1 2>&1)" ".*Invalid Field.*"
	expect_match "save" "$(nvme set-feature "/dev/$CTRL" -f 1 -v 3 -s 2>&1)" ".*(SAVEABLE|[Ss]aveable).*"
	expect_match "for a namespace" "$(nvme set-feature "/dev/$CTRL" -n 1 -f 1 -v 3 2>&1)" \
		".*(NOT_PER_NS|not namespace specific).*"
	expect_match "protection of namespace 9" \
		"$(nvme set-feature "/dev/$CTRL" -n 9 -f 0x84 -v 1 2>&1)" ".*Invalid Field.*"
	nvme error-log "/dev/$CTRL" -e 1 >"$TMP/error" || fail "error log"
	expect "location of the fault: NSID" "$(field parm_err_loc "$TMP/error")" 0x4
	expect_match "transport" "$(field trtype "$TMP/error")" "TCP.*"
	expect "namespace of the fault" "$(($(field nsid "$TMP/error")))" 9
}

# The kernel's host sets it when it connects.
timestamp() {
	local now got

	nvme get-feature "/dev/$CTRL" -f 0xe -H >"$TMP/ts" || fail "timestamp"
	now=$(date +%s)
	got=$(sed -n 's/.*timestamp is : \([0-9]*\).*/\1/p' "$TMP/ts")
	[ $((got / 1000)) -ge $((now - 60)) ] && [ $((got / 1000)) -le $((now + 1)) ] ||
		fail "timestamp $got, it is $now"
	expect_ok "set by a host" grep -q "Set Features" "$TMP/ts"
}

host_sees_readonly() {
	[ "$(blockdev --getro "$DEV")" = "$1" ]
}

write_protection() {
	expect "writable" "$(blockdev --getro "$DEV")" 0
	expect_ok "write" dd if=/dev/urandom of="$DEV" bs=4k count=4 oflag=direct
	expect_ok "protect" nvme set-feature "/dev/$CTRL" -n 1 -f 0x84 -v 1
	expect "state" $(($(feature "$DEV" -f 0x84))) 1
	expect_ok "the host hears of it" wait_until 10 host_sees_readonly 1
	nvme id-ns "$DEV" >"$TMP/ns"
	expect "nsattr" "$(($(field nsattr "$TMP/ns")))" 1
	dd if=/dev/zero of="$DEV" bs=4k count=1 oflag=direct 2>/dev/null && fail "a write was accepted"
	expect_ok "read" dd if="$DEV" of=/dev/null bs=4k count=4 iflag=direct
	# past the host's own check
	head -c 512 /dev/zero >"$TMP/block"
	expect_match "write command" \
		"$(nvme write "$DEV" -s 0 -c 0 -z 512 -d "$TMP/block" 2>&1)" ".*(rite [Pp]rotect|WRITE_PROTECT).*"
	expect_ok "unprotect" nvme set-feature "/dev/$CTRL" -n 1 -f 0x84 -v 0
	expect_ok "the host hears of it" wait_until 10 host_sees_readonly 0
	fio_verify "$DEV" 4m --bs=16k
}

# queue_value DISK ATTRIBUTE
queue_value() {
	cat "/sys/block/${1##*/}/queue/$2"
}

# What the disk says of itself is what the host says of the namespace.
sizes_reach_the_host() {
	local name

	clean_up
	scsi_debug_add dev_size_mb=64 sector_size=512 physblk_exp=3 opt_xferlen_exp=4 ||
		{ skip_case "scsi_debug is not there"; return; }
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 1 || return
	expect "physical blocks of the disk" "$(queue_value "$DISK" physical_block_size)" 4096
	for name in logical_block_size physical_block_size minimum_io_size optimal_io_size; do
		expect "$name" "$(queue_value "$DEV" $name)" "$(queue_value "$DISK" $name)"
	done
	nvme id-ns "$DEV" >"$TMP/ns"
	expect "npwa" "$(field npwa "$TMP/ns")" 7
	expect "npwg" "$(field npwg "$TMP/ns")" $(($(queue_value "$DISK" minimum_io_size) / 512 - 1))
	expect "nows" "$(field nows "$TMP/ns")" $(($(queue_value "$DISK" optimal_io_size) / 512 - 1))
	expect "nawupf" "$(field nawupf "$TMP/ns")" 7
}

# A stripe that no single command could write is not offered.
sizes_within_mdts() {
	clean_up
	scsi_debug_add dev_size_mb=64 sector_size=512 physblk_exp=3 opt_xferlen_exp=4 ||
		{ skip_case "scsi_debug is not there"; return; }
	port_add 1 && subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" || fail "set up"
	put "$NVMFT_ROOT/ports/1/param_mdts" 3
	link 1 "$NQN"
	connect_ns "$NQN" -i 1 || return
	[ "$(queue_value "$DISK" optimal_io_size)" -gt 32768 ] || fail "the disk's stripe fits"
	nvme id-ns "$DEV" >"$TMP/ns"
	expect "nows is npwg" "$(field nows "$TMP/ns")" "$(field npwg "$TMP/ns")"
	[ "$(field nows "$TMP/ns")" -lt 64 ] || fail "nows $(field nows "$TMP/ns") blocks, MDTS is 64"
	fio_verify "$DEV" 4m --bs=64k
}

run_cases every_feature refusals timestamp write_protection sizes_reach_the_host sizes_within_mdts
