#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Documentation/nvmft/hosts-linux.rst, section by section: its commands are run as they
# stand there, with the addresses that they name.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../howto.sh"

NQN=nqn.2026-01.com.example:disk1

# The page writes to these folders.
for dir in /etc/nvme /etc/modules-load.d /etc/udev/rules.d /srv; do
	mkdir -p "$dir" 2>/dev/null
	if ! touch "$dir/.test" 2>/dev/null || ! rm "$dir/.test"; then
		mount -t tmpfs tmpfs "$dir" || skip_all "$dir cannot be written"
	fi
done
mkdir -p /srv/data

# page TITLE [SED-SCRIPT]: the image has the package, and no systemd; lines of files go there.
page() {
	follow hosts-linux "$1" -e '/^apt install/d; /^systemctl/d; /^UUID=/d' \
		-e "s,^--transport.*,echo '&' >/etc/nvme/discovery.conf," \
		-e "s,^ACTION.*,echo '&' >/etc/udev/rules.d/71-nvmft.rules," -e "${2:-}"
}

paths() {
	host_controllers "$NQN" | wc -l
}

leave() {
	[ "$(paths)" = 0 ] || disconnect "$NQN"
}

loss_tmo() {
	local ctrl

	for ctrl in $(host_controllers "$NQN"); do
		cat "/sys/class/nvme/$ctrl/ctrl_loss_tmo"
	done
}

policies() {
	cat /sys/class/nvme-subsystem/*/iopolicy
}

export_disk() {
	local port

	ip link set lo up
	ip address add 192.0.2.10/32 dev lo
	ip address add 192.0.2.11/32 dev lo
	nullb_add nulla 64 && subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" || fail "export"
	for port in 1 2; do
		port_add "$port" "192.0.2.$((9 + port))" && link "$port" "$NQN" || fail "port $port"
	done
}

once() {
	export_disk
	page Once
	expect_match hostnqn "$(cat /etc/nvme/hostnqn)" "nqn\.2014-08\.org\.nvmexpress:uuid:[0-9a-f-]{36}"
	expect_match hostid "$(cat /etc/nvme/hostid)" "[0-9a-f-]{36}"
}

connects() {
	page Connect
	expect "paths" "$(paths)" 1
	wait_for_ns "$NQN" || fail "no disk"
	nvme list-subsys | grep -q "$NQN" || fail "list-subsys does not show it"
	leave
}

at_boot() {
	local unit=/lib/systemd/system/nvmf-autoconnect.service

	page "At boot"
	expect "paths after connect-all" "$(paths)" 1
	# What the unit runs is what was run here.
	grep -qE '^ExecStart=/usr/sbin/nvme connect-all( --context=autoconnect)?$' "$unit" ||
		fail "$unit: $(grep Exec "$unit")"
	leave
}

# Each of its commands connects anew.
stays_up() {
	page "If it has to stay up" 's/^nvme connect/leave; &/'
	expect "ctrl_loss_tmo" "$(loss_tmo)" off
	leave
}

several_paths() {
	expect_ok "first path" nvme connect -t tcp -a 192.0.2.10 -s 4420 -n "$NQN"
	page "Several paths"
	expect "paths" "$(paths)" 2
	expect "disks" "$(lsblk -dno NAME | grep -c '^nvme')" 1
	expect iopolicy "$(policies)" round-robin
	echo numa >/sys/class/nvme-subsystem/nvme-subsys0/iopolicy
	expect_ok "udevadm test" udevadm test --action=add /sys/class/nvme-subsystem/nvme-subsys0
	expect "iopolicy by the rule" "$(policies)" round-robin
}

leaves() {
	wait_for_ns "$NQN" || fail "no disk"
	expect_ok mkfs mkfs.ext4 -q "$DEV"
	expect_ok mount mount "$DEV" /srv/data
	page Leave
	expect "paths" "$(paths)" 0
	umount /etc/nvme /etc/modules-load.d /etc/udev/rules.d /srv 2>/dev/null
	rm -f /etc/nvme/discovery.conf /etc/udev/rules.d/71-nvmft.rules
}

run_cases once connects at_boot stays_up several_paths leaves
