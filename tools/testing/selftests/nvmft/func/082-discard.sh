#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Discards of the kernel's host, which sends room for 256 ranges with each.
. "$(dirname "$0")/../lib.sh"

setup() {
	clean_up
	nullb_add nulla 64 discard=1 && export_device "$DISK" || fail "setup"
	connect_ns "$NQN" -i 2
}

# Discards that the disk has completed
discards() {
	awk '{ print $12 }' "/sys/block/${DISK##*/}/stat"
}

# The blocks around a discard keep what they hold.
discard() {
	setup || return
	dd if=/dev/urandom of="$TMP/all" bs=1M count=4 2>/dev/null
	expect_ok "fill" dd if="$TMP/all" of="$DEV" bs=1M oflag=direct conv=notrunc
	expect_ok "discard" blkdiscard -o 1M -l 2M "$DEV"
	[ "$(discards)" -gt 0 ] || fail "the disk saw no discard"
	cmp -n 1M "$TMP/all" "$DEV" || fail "what is in front of it has changed"
	cmp -n 1M -i 3M "$TMP/all" "$DEV" || fail "what is behind it has changed"
}

trim() {
	setup || return
	expect_ok "ext4" make_and_mount "$DEV" ext4
	expect_ok "fill" fill_tree "$MNT" 40
	rm -r "$MNT/d1"
	expect_ok "fstrim" fstrim "$MNT"
	[ "$(discards)" -gt 0 ] || fail "the disk saw no discard"
	rm "$MNT/sums" && grep -v " ./d1/" "$TMP/sums" >"$MNT/sums"
	expect_ok "remount" unmount_all && expect_ok "mount" mount_again "$DEV"
	expect_ok "what was not removed" check_tree "$MNT"
}

run_cases discard trim
