#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The saved configuration outlives kill -9 in the middle of a save, two tools at
# once, and a disk that is full.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tool.sh"

SUBSYSTEMS=20

# Enough of a tree that a save takes a while.
large_tree() {
	local n

	port_add 1
	for ((n = 1; n <= SUBSYSTEMS; n++)); do
		subsys_add "nqn.2026-01.test:s$n" && mkdir "$NVMFT_ROOT/subsystems/nqn.2026-01.test:s$n/namespaces/1"
	done
}

# well_formed FILE: a configuration with all of it.
well_formed() {
	tool check "$1" && grep -q " $SUBSYSTEMS subsystems, " "$TMP/out"
}

killed_in_the_middle() {
	local turn

	large_tree
	expect_tool 0 save
	for turn in 1 2 3 4 5 6 7 8; do
		/usr/bin/python3 "$TOOL" save >/dev/null 2>&1 &
		sleep "0.$((turn * 7 % 10))$turn"
		kill -KILL $! 2>/dev/null
		wait $! 2>/dev/null
		expect_ok "turn $turn" well_formed "$NVMFT_CONFIG"
		expect "mode" "$(stat -c %a "$NVMFT_CONFIG")" 600
	done
	expect_tool 0 save
}

two_saves_at_once() {
	local n pids=()

	for n in 1 2 3 4; do
		/usr/bin/python3 "$TOOL" save >/dev/null 2>"$TMP/err.$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || fail "a save failed: $(cat "$TMP"/err.*)"
	done
	expect_ok "whole" well_formed "$NVMFT_CONFIG"
	expect "left behind" "$(find "$TMP" -name '.config.json.*' | wc -l)" 0
	clean_up
}

two_exports_at_once() {
	local n pids=()

	rm -f "$NVMFT_CONFIG"
	for n in 1 2 3; do
		nullb_add "null$n" 16
		/usr/bin/python3 "$TOOL" export "$DISK" --nqn "nqn.2026-01.test:e$n" \
			>/dev/null 2>"$TMP/err.$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || fail "an export failed: $(cat "$TMP"/err.*)"
	done
	expect "saved" "$(grep -c '"nqn": "nqn.2026-01.test:e' "$NVMFT_CONFIG")" 3
	expect "one port" "$(ls "$NVMFT_ROOT/ports")" 1
	expect_tool 0 restore --dry-run
	expect "differences" "$(cat "$TMP/out")" ""
	clean_up
}

full_disk() {
	local before

	mkdir -p "$TMP/small"
	mount -t tmpfs -o size=64k tmpfs "$TMP/small"
	MOUNTS=$TMP/small
	port_add 1
	expect_tool 0 save "$TMP/small/config.json"
	before=$(<"$TMP/small/config.json")
	head -c 1M /dev/zero >"$TMP/small/filler" 2>/dev/null
	expect_tool 3 save "$TMP/small/config.json"
	expect_said err "No space left on device"
	expect "the old one" "$(<"$TMP/small/config.json")" "$before"
	expect "left behind" "$(find "$TMP/small" -name '.config*' | wc -l)" 0
	umount "$TMP/small"
	MOUNTS=
	clean_up
}

run_cases killed_in_the_middle two_saves_at_once two_exports_at_once full_disk
