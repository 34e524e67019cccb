#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The interactive shell through a terminal: an export typed line by line, Tab,
# errors, and what it leaves in its history.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tool.sh"

/usr/bin/python3 -c 'import configshell_fb' 2>/dev/null ||
	skip_all "python3-configshell-fb is not there"

# The guest has none of these otherwise.
mountpoint -q /dev/pts || { mkdir -p /dev/pts && mount -t devpts devpts /dev/pts; }

# session SCRIPT: what cli/terminal.py is told to type and to wait for.
session() {
	expect_ok "session" timeout 150 /usr/bin/python3 "$LIB_DIR/cli/terminal.py" \
		/usr/bin/python3 "$TOOL" <<<"$1"
}

an_export_by_hand() {
	nullb_add nulla 64
	session "
		wait />
		type /subsystems create $NQN
		wait Created /subsystems/$NQN
		type cd /subsystems/$NQN
		type set attr allow_any_host=1
		wait Parameter allow_any_host is now '1'.
		type namespaces/ create 1
		wait Created
		type namespaces/1 set device path=$DISK
		wait Parameter path is now '$DISK'.
		type namespaces/1 enable
		type cd /ports
		type create 1
		wait Created /ports/1
		type 1/ set addr trtype=tcp adrfam=ipv4 traddr=$ADDR trsvcid=$SVC
		wait Parameter trsvcid is now '$SVC'.
		type 1/subsystems create $NQN
		wait Created
		type ls /
		wait tcp $ADDR:$SVC, listening
		type cd /
		type saveconfig
		wait Saved to $NVMFT_CONFIG
		type exit
		end" || return
	connect_ns "$NQN" || return
	expect_ok "history" grep -q "create $NQN" "$TMP/.nvmftcli/history.txt"
	expect_ok "saved" grep -q "$NQN" "$NVMFT_CONFIG"
}

tab_completes() {
	session "
		wait />
		keys /subsy
		tab
		wait /subsystems/
		keys ${NQN%?????}
		tab
		wait $NQN/
		tab
		tab
		wait allowed_hosts
		wait namespaces
		wait />
		type
		type cd /
		type /subsystems delete nqn.none
		wait No such path
		type exit
		end"
}

errors_and_others() {
	session "
		wait />
		type /ports/1 set addr traddr=127.0.0.9
		wait remove the links in subsystems/ first (EACCES)
		shell mkdir $NVMFT_ROOT/hosts/nqn.2026-01.test:late
		type ls /hosts
		wait nqn.2026-01.test:late
		type check
		wait hosts/nqn.2026-01.test:late: is in no subsystem's allowed_hosts
		type clearconfig confirm=true
		wait changes made
		type exit
		end"
	expect_ok "empty" target_is_empty
	clean_up
}

# as scripts feed it
from_a_pipe() {
	printf '%s\n' "/hosts create nqn.2026-01.test:h" "/hosts create nqn.2026-01.test:h" "exit" |
		/usr/bin/python3 "$TOOL" >"$TMP/out" 2>"$TMP/err"
	expect "status" "${PIPESTATUS[1]}" 1
	expect "hosts" "$(ls "$NVMFT_ROOT/hosts")" nqn.2026-01.test:h
	clean_up
}

run_cases an_export_by_hand tab_completes errors_and_others from_a_pipe
