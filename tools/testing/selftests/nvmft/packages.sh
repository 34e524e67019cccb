#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs in the system of scripts/check-packages, a part at each of two boots, with
# the packages installed: what a user sees of them.
cd "$(dirname "$0")" || exit 1
. ./ktap.sh

export LC_ALL=C HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
NQN=nqn.2026-01.test:packages
COUNT=0

# check NAME COMMAND...: what a user would see of nvmftcli is shown.
check() {
	local name=$1 output status start=$SECONDS

	shift
	COUNT=$((COUNT + 1))
	output=$("$@" 2>&1)
	status=$?
	[ "$1" != nvmftcli ] || printf '%s\n' "root@guest:~# $*" "$output" | sed 's/^/# /'
	if [ $status -eq 0 ]; then
		echo "ok $COUNT packages: $name"
	else
		[ "$1" = nvmftcli ] || printf '%s\n' "$output" | tail -n 15 | sed 's/^/# /'
		echo "not ok $COUNT packages: $name"
	fi
	[ $((SECONDS - start)) -lt 5 ] || echo "# took $((SECONDS - start)) s"
}

# within SECONDS COMMAND...
within() {
	local end=$((SECONDS + $1 * ${NVMFT_TIME_FACTOR:-1}))

	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			"$@"
			return 1
		fi
		sleep 0.5
	done
}

connect() {
	modprobe nvme-tcp
	nvme connect -t tcp -a 127.0.0.1 -s 4420 -n $NQN
	within 20 disk
}

# The disk as the host has it.
disk() {
	local dir

	for dir in /sys/class/nvme-subsystem/*; do
		if [ "$(cat "$dir/subsysnqn")" = $NQN ]; then
			[ -b "/dev/$(basename "$dir"/nvme*n1)" ] && basename "$dir"/nvme*n1
			return
		fi
	done
	return 1
}

reads_back() {
	head -c 1M /dev/urandom >/tmp/data
	dd if=/tmp/data of="/dev/$(disk)" bs=64k oflag=direct,sync &&
		dd if="/dev/$(disk)" bs=64k count=16 iflag=direct | cmp - /tmp/data
}

# One session, of this very host.
is_connected() {
	nvmftcli sessions --json --host "$(cat /etc/nvme/hostnqn)" | grep -q "\"subsys\": \"$NQN\""
}

# Someone looks at a terminal for some seconds and types q; the last page is shown.
top_in_a_terminal() {
	local screen

	screen=$({ sleep $((12 * ${NVMFT_TIME_FACTOR:-1})); printf q; } |
		script -qec "stty cols 80 rows 24; nvmftcli top --interval 1" /dev/null) || return
	# without what moves the cursor
	screen=$(sed 's/.*\x1b\[H//; s/\x1b\[[?0-9]*[a-zA-Z]//g; s/\r//g' <<<"$screen" | tail -n 24)
	grep -v '^$' <<<"$screen"
	grep -qE '^nqn[^ ]+ +[0-9]' <<<"$screen"
}

is_exported() {
	[ "$(cat "/sys/kernel/config/nvmft/subsystems/$NQN/namespaces/1/enable")" = 1 ] &&
		[ -e "/sys/kernel/config/nvmft/ports/1/subsystems/$NQN" ]
}

not() {
	! "$@"
}

modules_are_ours() {
	[ "$(modinfo -n nvmft-tcp)" = "/lib/modules/$(uname -r)/updates/dkms/nvmft-tcp.ko" ]
}

tree_is_empty() {
	! compgen -G '/sys/kernel/config/nvmft/*/*'
}

log_says() {
	journalctl -b -u nvmft-restore | grep -q "$1"
}

units_are_well_formed() {
	systemd-analyze verify --man=no nvmft.service nvmft-restore.service
}

man_pages_are_there() {
	zgrep -q nvmftcli /usr/share/man/man8/nvmftcli.8.gz &&
		zgrep -q nvmft.json /usr/share/man/man5/nvmft.json.5.gz &&
		zgrep -q "nvmft.*tcp" /usr/share/man/man4/nvmft.4.gz
}

# What bash offers behind a line.
completes() {
	bash -ic ". /usr/share/bash-completion/bash_completion
		_completion_loader nvmftcli
		COMP_LINE='$1' COMP_POINT=${#1} COMP_WORDS=($1) COMP_CWORD=$2
		_nvmftcli; printf '%s\n' \"\${COMPREPLY[@]}\"" 2>/dev/null | grep -qx "$3"
}

first_boot() {
	check "DKMS has built the modules of this kernel" modules_are_ours
	check "the modules are loaded" within 60 test -d /sys/kernel/config/nvmft
	check "the service runs" within 60 systemctl -q is-active nvmft
	check "nothing was to be restored" not systemctl -q is-failed nvmft-restore
	check "the units are well formed" units_are_well_formed
	check "the manuals are there" man_pages_are_there
	check "bash completes verbs" completes "nvmftcli unexp" 1 unexport
	modprobe null_blk nr_devices=1 memory_backed=1 gb=1
	check "export" nvmftcli export /dev/nullb0 --nqn $NQN
	check "check finds no problem" nvmftcli check
	check "a host connects" connect
	check "data is read back" reads_back
	check "who is connected" nvmftcli sessions
	check "it is this host" is_connected
	check "what goes on" nvmftcli top --once
	check "top in a terminal" top_in_a_terminal
	check "for monitoring" nvmftcli stats --prometheus --output /tmp/nvmft.prom
	check "bash completes sessions" completes "nvmftcli terminate $NQN" 2 "${NQN#*:}/1"
	check "a session is ended" nvmftcli terminate $NQN/1
	nvme disconnect -n $NQN >/dev/null
}

second_boot() {
	check "what is missing is named" within 90 log_says "/dev/nullb0"
	check "the port listens meanwhile" within 60 test -e \
		"/sys/kernel/config/nvmft/ports/1/subsystems/$NQN"
	check "the disk is not there yet" not is_exported
	modprobe null_blk nr_devices=1 memory_backed=1 gb=1
	check "the disk comes and is exported" within 120 is_exported
	check "it is exported again" nvmftcli ls /
	check "the host connects again" connect
	check "it is connected again" nvmftcli sessions
	check "data is read back again" reads_back
	check "the restore ends well" within 120 systemctl -q is-active nvmft-restore
	check "a reload changes nothing" systemctl reload nvmft
	check "the host is still connected" reads_back
	check "a restart brings it back" systemctl restart nvmft
	check "it is exported after the restart" within 120 is_exported
	check "stopping takes it away" systemctl stop nvmft
	check "nothing is left" tree_is_empty
	nvme disconnect-all
	check "the packages go" apt-get -y remove nvmft-dkms nvmftcli
	check "the modules are gone" not modinfo nvmft-tcp
	check "no warning in the kernel log" not sh -c "dmesg | grep -E 'WARNING:|BUG:|Oops'"
}

if [ ! -e part1 ]; then
	touch part1
	first_boot
	echo "part 1 is through"
else
	second_boot
	echo "part 2 is through"
fi
sync
