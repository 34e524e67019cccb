#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The target's side of scripts/check-mixed: two ports on two addresses of this
# guest's network card, a disk, and remote.py, through which hosts in other guests
# ask for changes. Ends when it is told; then nothing must be left.
. "$(dirname "$0")/../lib.sh"

NQN=nqn.2026-01.test.nvmft:mixed

bring_up() {
	modprobe virtio_net && wait_until 5 test -d /sys/class/net/eth0 &&
		ip link set eth0 up && ip addr add 192.0.2.1/24 dev eth0 &&
		ip addr add 192.0.2.2/24 dev eth0
}

export_it() {
	nullb_add nulla 64 && port_add 1 192.0.2.1 && port_add 2 192.0.2.2 &&
		subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" && link 1 "$NQN" && link 2 "$NQN"
}

serve() {
	expect_ok "network" bring_up || return
	expect_ok "export" export_it || return
	python3 "$LIB_DIR/mixed/remote.py" 192.0.2.1 "$LIB_DIR" || fail "remote.py: $?"
}

run_cases serve
