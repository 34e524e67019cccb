#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In-capsule data of every size that a port can be told: the host learns it, and
# writes below, at and above it arrive whole (the larger ones by R2T).
. "$(dirname "$0")/../lib.sh"

setup() {
	clean_up
	nullb_add nulla 64
	subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" && port_add 1 || fail "setup"
}

# inline BYTES IOCCSZ [connect option]...
inline() {
	local size=$1 ioccsz=$2 step

	shift 2
	[ "$size" = 0 ] && is_nvmet &&
		{ skip_case "nvmet refuses the Connect command's data with 0"; return; }
	setup
	put "$NVMFT_ROOT/ports/1/param_inline_data_size" "$size" || fail "param_inline_data_size"
	link 1 "$NQN" || fail "link"
	connect_ns "$NQN" -i 1 "$@" || return
	nvme id-ctrl "/dev/$CTRL" >"$TMP/id"
	expect ioccsz "$(field ioccsz "$TMP/id")" "$ioccsz"
	for step in 512 4k 8k 16k 20k 64k 68k; do
		echo "[$step]"
		echo "bs=$step"
		echo "stonewall"
	done >"$TMP/job"
	expect_ok "fio" fio --filename="$DEV" --size=1m --rw=write --ioengine=libaio \
		--direct=1 --iodepth=8 --thread --verify=crc32c --verify_fatal=1 \
		--verify_state_save=0 --output-format=terse "$TMP/job"
}

run_cases "inline 0 4" "inline 4096 260" "inline 16384 1028" "inline 65536 4100" \
	"inline 4096 260 -g -G" "inline 65536 4100 -G"
