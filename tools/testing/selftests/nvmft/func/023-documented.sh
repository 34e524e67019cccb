#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the kernel has and what is documented are the same: every file of the tree
# in configfs, procfs, debugfs and below /sys/module has an entry in Documentation/ABI
# and the other way round, and nvmft(4) has every attribute, parameter and default.
. "$(dirname "$0")/../lib.sh"

PORT=$NVMFT_ROOT/ports/1
SUBSYS=$NVMFT_ROOT/subsystems/$NQN
PARAMS=/sys/module/nvmft_tcp/parameters
DOC=$(documentation) || skip_all "Documentation is not there"
ABI=$DOC/ABI/testing
MANUAL=$DOC/man/nvmft.4

# One of everything that can be made.
everything() {
	local host=nqn.2026-01.test:host

	mkdir "$NVMFT_ROOT/hosts/$host" && subsys_add "$NQN" && put "$SUBSYS/attr_allow_any_host" 0 &&
		mkdir "$SUBSYS/namespaces/1" && port_add 1 && mkdir "$PORT/ana_groups/2" "$PORT/referrals/r"
}

# entries PREFIX: what the ABI has below it. A folder ends in a slash.
entries() {
	cat "$ABI"/*-nvmft | sed -n "s,^What:[[:space:]]*\($1.*\),\1,p" | sort -u
}

# found ROOT: files, and folders with a slash, with the names that users choose as the ABI has them.
found() {
	{ find "$1" -type f; find "$1" -mindepth 0 -type d -printf '%p/\n'; } |
		sed -e "s,/hosts/[^/]*/,/hosts/<nqn>/," -e "s,/subsystems/nqn[^/]*/,/subsystems/<nqn>/," \
			-e "s,/namespaces/[0-9]*/,/namespaces/<nsid>/," -e "s,/ports/[0-9]*/,/ports/<portid>/," \
			-e "s,/referrals/[^/]*/,/referrals/<name>/," \
			-e "s,/nvmft/nqn[^/]*/,/nvmft/<nqn>/," -e "s,/ctrl[0-9]*/,/ctrl<cntlid>/," \
			-e "s,/ana_groups/[0-9]*/,/ana_groups/<grpid>/," | sort -u
}

# same WHAT: two sorted lists, documented and found.
same() {
	local line

	[ -s "$TMP/abi" ] || fail "$1: no entries in $ABI"
	while IFS= read -r line; do
		fail "$1: not there: $line"
	done < <(comm -23 "$TMP/abi" "$TMP/found")
	while IFS= read -r line; do
		fail "$1: not documented: $line"
	done < <(comm -13 "$TMP/abi" "$TMP/found")
}

tree() {
	expect_ok "one of everything" everything || return
	entries "$NVMFT_ROOT" >"$TMP/abi"
	# The folders that hold what users make have no entry, but for that of links.
	found "$NVMFT_ROOT" | grep -E '[^/]$|>/$|nvmft/$|allowed_hosts/$|<portid>/subsystems/$' >"$TMP/found"
	same configfs
}

parameters() {
	local name value said

	modprobe "$TARGET_TRANSPORT"
	entries "$PARAMS/" >"$TMP/abi"
	find /sys/module/nvmft*/parameters -type f | sort >"$TMP/found"
	same parameters
	modinfo -F parm nvmft-tcp nvmft | sed "s,:.*,,;s,^,$PARAMS/," | sort >"$TMP/found"
	same modinfo
	for name in "$PARAMS"/*; do
		value=$(<"$name")
		[ "$(stat -c %a "$name")" = 644 ] || continue
		name=${name##*/}
		said=$(sed -n "\,^What:.*/$name\$,,/^\$/p" "$ABI"/sysfs-module-nvmft | tr "\n" " " |
			sed -n 's/.*Default[[:space:]]*\([0-9]*\).*/\1/p')
		expect "default of $name in Documentation/ABI" "$said" "$value"
		said=$(sed -n "/^\.B $name\$/,/^\.\(TP\|PP\|SH\)/p" "$MANUAL" | tr "\n" " " |
			sed -n 's/.*Default[[:space:]]*\([0-9]*\).*/\1/p')
		expect "default of $name in nvmft(4)" "$said" "$value"
	done
}

# Every name of the tree and of the parameters; and no parameter that is not there.
manual() {
	local name

	while IFS= read -r name; do
		grep -qE "^\.BR? $name( |\$)" "$MANUAL" || fail "nvmft(4) has no $name"
	done < <(entries "$NVMFT_ROOT" | grep -v '/$' | sed 's,.*/,,' | sort -u | grep -v discovery_nqn
		entries "$PARAMS/" | sed 's,.*/,,')
	while IFS= read -r name; do
		[ -e "$PARAMS/$name" ] || fail "nvmft(4) has a parameter $name"
	done < <(sed -n '/^\.SH PARAMETERS/,/^\.SH SECURE/s/^\.B \([a-z_]*\)$/\1/p' "$MANUAL")
}

! is_nvmet || skip_all "the documentation is that of nvmft"
# What is seen of a session
observed() {
	local debugfs=/sys/kernel/debug

	put "$SUBSYS/attr_allow_any_host" 1
	link 1 "$NQN" || fail "link"
	connect "$NQN" || return
	entries /proc/fs/nvmft/ >"$TMP/abi"
	found /proc/fs/nvmft | grep '[^/]$' >"$TMP/found"
	same procfs
	mountpoint -q "$debugfs" || mount -t debugfs debugfs "$debugfs"
	# which comes a moment after its controller
	wait_until 5 bash -c "ls '$debugfs/nvmft/$NQN'/*/state >/dev/null 2>&1"
	entries "$debugfs/nvmft/" >"$TMP/abi"
	found "$debugfs/nvmft" | grep '[^/]$' >"$TMP/found"
	same debugfs
	disconnect "$NQN"
}

run_cases tree parameters manual observed
