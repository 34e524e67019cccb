# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by tests of nvmftcli behind lib.sh: the tool, with files of its own.

find_tool() {
	local tool

	for tool in "${NVMFTCLI:-}" "$LIB_DIR/../nvmftcli" \
			"$LIB_DIR/../../../../scripts/nvmftcli" /usr/sbin/nvmftcli; do
		[ ! -x "$tool" ] || { echo "$tool"; return; }
	done
}

TOOL=$(find_tool)
[ -n "$TOOL" ] || skip_all "nvmftcli is not there"
! is_nvmet || skip_all "nvmftcli is nvmft's"
export NVMFT_ROOT NVMFT_CONFIG=$TMP/config.json NVMFT_LOCK=$TMP/lock HOME=$TMP
# Compiled once, not at each start, and beside no source; the guest's own Python is not.
export PYTHONPYCACHEPREFIX=/tmp/nvmft-pycache

# tool ARG...: its output goes to $TMP/out and $TMP/err, and it is its status.
tool() {
	/usr/bin/python3 "$TOOL" "$@" >"$TMP/out" 2>"$TMP/err"
}

# expect_tool STATUS ARG...
expect_tool() {
	local want=$1 status

	shift
	tool "$@"
	status=$?
	[ "$status" = "$want" ] && return 0
	CASE_FAILED=y
	ktap_print_msg "FAIL nvmftcli $*: status $status, want $want"
	ktap_print_msg "$(tail -n 5 "$TMP/out" "$TMP/err")"
	return 1
}

# expect_said FILE TEXT: out or err of the last run has it.
expect_said() {
	grep -qF -- "$2" "$TMP/$1" || fail "nvmftcli did not say '$2' but: $(cat "$TMP/$1")"
}

# config_file DEVICE [TRADDR]: as nvmetcli of a 6.1 kernel writes it.
config_file() {
	cat <<-EOT
	{
	  "discovery": {},
	  "hosts": [ { "dhchap": {}, "nqn": "$HOSTNQN" } ],
	  "ports": [ {
	    "addr": { "adrfam": "ipv4", "traddr": "${2:-$ADDR}", "treq": "not specified",
	              "trsvcid": "$SVC", "trtype": "tcp" },
	    "ana_groups": [ { "ana": { "state": "optimized" }, "grpid": 1 } ],
	    "param": { "inline_data_size": "16384", "pi_enable": "0" },
	    "portid": 1, "referrals": [], "subsystems": [ "$NQN" ] } ],
	  "subsystems": [ {
	    "allowed_hosts": [ "$HOSTNQN" ],
	    "attr": { "allow_any_host": "0", "cntlid_max": "65519", "cntlid_min": "1",
	              "model": "Linux", "pi_enable": "0", "qid_max": "128",
	              "serial": "123456", "version": "1.3" },
	    "namespaces": [ {
	      "ana": { "grpid": "1" }, "ana_grpid": 1,
	      "device": { "nguid": "00000000-0000-0000-0000-000000000000", "path": "$1",
	                  "uuid": "d592cdf3-5d1c-44e0-8412-3fcf7d99df27" },
	      "enable": 1, "nsid": 1, "resv": {} } ],
	    "nqn": "$NQN" } ]
	}
	EOT
}

# sessions_ended: how many controllers of the target have, so far.
sessions_ended() {
	dmesg | grep -c 'controller [0-9]* of host .* ends: '
}
