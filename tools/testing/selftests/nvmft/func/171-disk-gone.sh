#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A disk that is taken away under its I/O, shrinks, no longer answers in time, or not
# at all: the host is told, everything that does not need the disk goes on, and what
# waits for it ends when it comes back.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
TABLE="0 131072 linear"

# The disk of namespace 1 is a device of the mapper, so that it can be stopped.
stoppable() {
	clean_up
	nullb_add nulla 64
	BACKING=$DISK
	dm_add nvmft-test "$TABLE $DISK 0" || { skip_case "device mapper is not there"; return 1; }
	export_device "$DISK" || fail "export"
}

# stop_disk / restart_disk: nothing that is sent to it completes meanwhile.
stop_disk() {
	dmsetup suspend --noudevsync --nolockfs --noflush nvmft-test
}

restart_disk() {
	dmsetup resume --noudevsync nvmft-test
}

# host_patience MS: after that long the host aborts a command, then resets.
host_patience() {
	put "/sys/block/${DEV##*/}/queue/io_timeout" "$1" 2>/dev/null
	local path

	for path in /sys/class/nvme/"$CTRL"/nvme*c*n*/queue/io_timeout; do
		[ ! -e "$path" ] || put "$path" "$1"
	done
}

# write_stuck: a write that waits for the stopped disk, until end_stuck.
write_stuck() {
	dd if=/dev/zero of="$DEV" bs=4k count=1 seek=256 oflag=direct >"$TMP/stuck" 2>&1 &
	STUCK=$!
	sleep 1
	kill -0 $STUCK || fail "the disk does not hold: $(cat "$TMP/stuck")"
}

stuck_has_ended() {
	! kill -0 "$STUCK" 2>/dev/null
}

was_reset() {
	[ "$(kernel_log 'resetting controller|error recovery|Reconnecting in' | wc -l)" -gt "$1" ]
}

# The host loses patience: abort, reset, a new controller, all while the disk is silent.
reset_while_it_hangs() {
	local before

	stoppable || return
	connect_ns "$NQN" -i 1 -l 60 -c 1 || return
	host_patience 2000
	stop_disk
	before=$(kernel_log 'resetting controller|error recovery|Reconnecting in' | wc -l)
	write_stuck
	expect_ok "the host resets" wait_until 60 was_reset "$before"
	expect_ok "live again with the disk still silent" wait_until 60 host_is_live "$CTRL"
	restart_disk
	expect_ok "the write ends" wait_until 90 stuck_has_ended
	expect_ok "live" wait_until 60 host_is_live "$CTRL"
	host_patience 30000
	fio_verify "$DEV" 2m --bs=16k
	expect_ok "one connection for each queue" wait_until 20 connections_are 2
}

connections_are() {
	[ "$(ss -Htn state established "sport = :$SVC" | wc -l)" = "$1" ]
}

# The host goes, and what it has left with the disk keeps nobody else.
disconnect_while_it_hangs() {
	stoppable || return
	connect_ns "$NQN" -i 1 || return
	stop_disk
	write_stuck
	echo 1 >"/sys/class/nvme/$CTRL/delete_controller" &
	connect_as 2 "$NQN" nr_io_queues=1,reconnect_delay=1,ctrl_loss_tmo=3 ||
		fail "another host is not let in"
	expect_ok "the other is live" wait_until 20 host_is_live "$CTRL"
	expect_ok "unlink" timeout 30 rm "$NVMFT_ROOT/ports/1/subsystems/$NQN"
	expect_ok "rmdir of the port" timeout 30 rmdir "$NVMFT_ROOT/ports/1"
	restart_disk
	expect_ok "the write ends" wait_until 90 stuck_has_ended
	wait
	expect_ok "no connection" wait_until 20 target_has_no_connection
}

# Taking the namespace away waits for the disk, and for nothing else.
remove_while_it_hangs() {
	local remover

	stoppable || return
	connect_ns "$NQN" -i 1 -l 60 -c 1 || return
	stop_disk
	write_stuck
	bash -c "echo 0 >'$SUBSYS/namespaces/1/enable'" &
	remover=$!
	sleep 2
	kill -0 $remover 2>/dev/null || fail "disabled although the disk holds a command"
	expect "the session meanwhile" "$(host_state "$CTRL")" live
	restart_disk
	expect_ok "disabled" wait_until 30 has_ended $remover
	wait $remover || fail "the write to enable failed"
	expect_ok "the write ends" wait_until 90 stuck_has_ended
	expect_ok "rmdir" rmdir "$SUBSYS/namespaces/1"
	expect_ok "the disk is let go" dmsetup remove --noudevsync nvmft-test
	rm -f /dev/mapper/nvmft-test
}

has_ended() {
	! kill -0 "$1" 2>/dev/null
}

# A disk is pulled out.
removed_under_load() {
	local name

	clean_up
	scsi_debug_add dev_size_mb=32 || { skip_case "scsi_debug is not there"; return; }
	name=${DISK##*/}
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 1 -l 60 -c 1 || return
	fio_load "$DEV"
	put "/sys/block/$name/device/delete" 1
	expect_ok "the load ends with an error" wait_until 60 has_ended "$LOAD_PID"
	kill_load
	expect_match "read" "$(errno_of dd if="$DEV" of=/dev/null bs=4k count=1 iflag=direct)" \
		".*(Input/output error|No data available|No such device).*"
	expect "state" "$(host_state "$CTRL")" live
	expect_ok "disable" timeout 30 bash -c "echo 0 >'$SUBSYS/namespaces/1/enable'"
	expect_match "enable without a disk" "$(errno_of put "$SUBSYS/namespaces/1/enable" 1)" "ENOENT|ENXIO|ENODEV"
	expect_ok "rmdir" rmdir "$SUBSYS/namespaces/1"
	expect_ok "the driver is let go" wait_until 10 rmmod scsi_debug
}

# A disk becomes smaller below its host: what is left is served, what is gone refused.
shrinks_under_load() {
	stoppable || return
	connect_ns "$NQN" -i 1 || return
	DISK=$BACKING
	fio_load "$DEV"
	dmsetup suspend --noudevsync nvmft-test &&
		dmsetup load nvmft-test --table "0 65536 linear $BACKING 0" &&
		dmsetup resume --noudevsync nvmft-test || fail "dmsetup"
	expect_ok "the host sees it" wait_until 15 host_size_is $((65536 * 512))
	io_is_flowing
	end_load
	expect_match "beyond" "$(nvme read "$DEV" --start-block=65536 --block-count=0 \
		--data-size=512 2>&1 >/dev/null)" ".*(LBA Out of Range|LBA_RANGE|apacity).*"
	expect "state" "$(host_state "$CTRL")" live
}

host_size_is() {
	[ "$(ns_size_in_bytes "$DEV")" = "$1" ]
}

# A disk whose driver gives commands up after a second.
commands_time_out() {
	local name host disk

	clean_up
	scsi_debug_add dev_size_mb=32 || { skip_case "scsi_debug is not there"; return; }
	name=${DISK##*/}
	put "/sys/block/$name/device/timeout" 1
	# 7.3's scsi_debug sometimes does not find a lost command to abort it. Then the disk
	# is not taken offline, and another ten seconds go by with each retry.
	for disk in /sys/block/"$name"/device/scsi_disk/*/max_retries; do
		put "$disk" 0
	done
	for host in /sys/class/scsi_host/host*; do
		[ "$(cat "$host/proc_name" 2>/dev/null)" != scsi_debug ] || put "$host/eh_deadline" 1
	done
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 1 -l 60 -c 1 || return
	# every command is lost, from now on
	put /sys/bus/pseudo/drivers/scsi_debug/opts 4
	put /sys/bus/pseudo/drivers/scsi_debug/every_nth 1
	expect_match "read" "$(errno_of timeout 100 dd if="$DEV" of=/dev/null bs=4k count=1 iflag=direct)" \
		".*(Input/output error|Connection timed out|ETIMEDOUT|No data available|link has been severed).*"
	put /sys/bus/pseudo/drivers/scsi_debug/every_nth 0
	put /sys/bus/pseudo/drivers/scsi_debug/opts 0
	expect_ok "live" wait_until 30 host_is_live "$CTRL"
	put "/sys/block/$name/device/state" running
	put "/sys/block/$name/device/timeout" 30
	fio_verify "$DEV" 1m --bs=16k
}

run_cases reset_while_it_hangs disconnect_while_it_hangs remove_while_it_hangs \
	removed_under_load shrinks_under_load commands_time_out
