#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Files that are not as usual: odd sizes, files that grow or are cut, that cannot
# be written or have no direct I/O; and what is no file.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
NS=$SUBSYS/namespaces/1

start() {
	clean_up
	port_add 1 && subsys_add "$NQN" && link 1 "$NQN" || fail "setup"
}

# export_path PATH [ATTR=VALUE]...
export_path() {
	ns_add "$NQN" 1 "$@" || fail "namespace in $1"
	connect_ns "$NQN" -i 2
}

host_sees_bytes() {
	[ "$(blockdev --getsize64 "$DEV")" = "$1" ]
}

# expect_not_enabled PATH ERRNO TEXT: and the log has it.
expect_not_enabled() {
	local path=$1 errno=$2 text=$3

	mkdir -p "$NS"
	put "$NS/device_path" "$path"
	expect_refused "$NS/enable" 1 "$errno"
	is_nvmet || expect_match "log for $path" "$(kernel_log 'namespaces/1/enable' | tail -n 1)" \
		".*$text.*"
}

read_block() {
	nvme read "$DEV" --start-block="$1" --block-count=0 --data-size=4096 2>&1 >/dev/null |
		grep -v ': Success'
}

write_block() {
	head -c 4096 /dev/zero | nvme write "$DEV" --start-block="$1" --block-count=0 \
		--data-size=4096 2>&1 | grep -v ': Success'
}

odd_size() {
	start
	store_add ext4 64 || fail "store"
	truncate -s $(((8 << 20) + 5000)) "$STORE/disk"
	export_path "$STORE/disk" || return
	expect "size" "$(ns_size_in_bytes "$DEV")" $(((8 << 20) + 4096))
	expect "the last block" "$(write_block 2048)" ""
	expect_match "behind it" "$(read_block 2049)" "$(is_nvmet && echo '.+' || echo '.*(LBA|out of range).*')"
	expect "size of the file" "$(stat -c %s "$STORE/disk")" $(((8 << 20) + 5000))
	put "$NS/enable" 0
	truncate -s 4095 "$STORE/disk"
	expect_not_enabled "$STORE/disk" ".*No medium found.*" "has no capacity"
}

# Nobody writes to revalidate_size here.
grows_and_shrinks() {
	is_nvmet && { skip_case "nvmet does not look at the size by itself"; return; }
	start
	store_add ext4 96 || fail "store"
	truncate -s 16M "$STORE/disk"
	export_path "$STORE/disk" || return
	truncate -s 48M "$STORE/disk"
	expect_ok "the host sees 48 MiB" wait_until 20 host_sees_bytes $((48 << 20))
	expect_ok "write at the new end" dd if=/dev/zero of="$DEV" bs=1M seek=47 count=1 oflag=direct
	truncate -s 24M "$STORE/disk"
	expect_ok "the host sees 24 MiB" wait_until 20 host_sees_bytes $((24 << 20))
	expect "size of the file" "$(stat -c %s "$STORE/disk")" $((24 << 20))
	# A file without any content is one that is being replaced.
	truncate -s 0 "$STORE/disk"
	sleep 3
	expect "size that the host knows" "$(blockdev --getsize64 "$DEV")" $((24 << 20))
	expect_match "revalidate_size" "$(errno_of put "$NS/revalidate_size" 1)" ".*No medium found.*"
	expect_match "read" "$(read_block 0)" ".*(LBA|out of range).*"
	expect_match "write" "$(write_block 0)" ".*(LBA|out of range).*"
	expect "size of the file" "$(stat -c %s "$STORE/disk")" 0
	truncate -s 32M "$STORE/disk"
	expect_ok "the host sees 32 MiB" wait_until 20 host_sees_bytes $((32 << 20))
	fio_verify "$DEV" 8m --bs=64k
}

block_device_grows() {
	is_nvmet && { skip_case "nvmet does not look at the size by itself"; return; }
	modprobe -q loop || { skip_case "loop is not there"; return; }
	start
	truncate -s 16M "$TMP/file"
	DISK=$(losetup -f --show "$TMP/file") || fail "losetup"
	export_path "$DISK" || return
	truncate -s 48M "$TMP/file"
	losetup -c "$DISK"
	expect_ok "the host sees 48 MiB" wait_until 20 host_sees_bytes $((48 << 20))
	expect_ok "write at the new end" dd if=/dev/zero of="$DEV" bs=1M seek=47 count=1 oflag=direct
}

read_only_file() {
	local before

	start
	store_add ext4 64 || fail "store"
	head -c 8M /dev/urandom >"$STORE/disk"
	before=$(sha256sum <"$STORE/disk")
	chattr +i "$STORE/disk" || { skip_case "no immutable files"; return; }
	is_nvmet && { skip_case "nvmet needs to write"; return; }
	export_path "$STORE/disk" || return
	expect "read only" "$(blockdev --getro "$DEV")" 1
	expect_match "write" "$(write_block 1)" ".*(rite|ead).?(P|p|O|o).*"
	expect "read" "$(sha256sum <"$DEV")" "$before"
	put "$NS/enable" 0
	chattr -i "$STORE/disk"
	put "$NS/enable" 1
	wait_for_ns "$NQN" || return
	expect "write once it may be" "$(write_block 1)" ""
}

# A file on a memory file system can only be used through the page cache.
no_direct_io() {
	start
	STORE=$TMP/store
	mkdir -p "$STORE"
	mount -t tmpfs none "$STORE" || fail "tmpfs"
	truncate -s 16M "$STORE/disk"
	if dd if="$STORE/disk" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null; then
		skip_case "this tmpfs has direct I/O"
		return
	fi
	expect_not_enabled "$STORE/disk" "EOPNOTSUPP|EINVAL" "write 1 to buffered_io"
	rmdir "$NS"
	export_path "$STORE/disk" buffered_io=1 || return
	fio_verify "$DEV" 16m --bsrange=4k-128k --blockalign=4k
	expect_ok "flush" nvme flush "$DEV"
}

no_file() {
	start
	mkfifo "$TMP/fifo"
	expect_not_enabled "$TMP/fifo" ENOTBLK "neither a block device nor a regular file"
	expect_not_enabled "$TMP" ENOTBLK "neither a block device nor a regular file"
	expect_not_enabled /dev/zero ENOTBLK "neither a block device nor a regular file"
	expect_not_enabled "$TMP/none" ENOENT "does not exist"
	put "$NS/buffered_io" 1
	expect_not_enabled "$TMP/fifo" ENOTBLK "neither a block device nor a regular file"
}

run_cases odd_size grows_and_shrinks block_device_grows read_only_file no_direct_io no_file
