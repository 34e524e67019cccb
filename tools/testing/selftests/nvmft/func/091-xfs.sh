#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# XFS over the loopback interface: hosts up to 6.4 send several pages as one
# fragment, and a receive path that copies with recvmsg trips over hardened
# usercopy there (in-tree nvmet on 6.1 does: it is left out).
. "$(dirname "$0")/../lib.sh"

nvmet_would_crash() {
	local major minor

	IFS=.- read -r major minor _ < <(uname -r)
	is_nvmet && [ $((major * 100 + minor)) -lt 605 ]
}

# xfs_files [connect option]...
xfs_files() {
	clean_up
	nvmet_would_crash && { skip_case "crashes in-tree nvmet before 6.5"; return; }
	nullb_add nulla 400
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" "$@" || return
	expect_ok "mkfs and mount" make_and_mount "$DEV" xfs
	expect_ok "files" fill_tree "$MNT" 40
	expect_ok "large file" dd if=/dev/urandom of="$MNT/large" bs=1M count=48 conv=fsync
	sha256sum "$MNT/large" >"$TMP/large"
	expect_ok "umount" unmount_all
	disconnect "$NQN"
	connect_ns "$NQN" "$@" || return
	expect_ok "mount" mount_again "$DEV"
	expect_ok "checksums" check_tree "$MNT"
	expect_ok "checksum of the large file" sha256sum --quiet -c "$TMP/large"
	expect_ok "umount" unmount_all
	expect_ok "xfs_repair" xfs_repair -n "$DEV"
}

run_cases "xfs_files -i 2" "xfs_files -i 1 -g -G"
