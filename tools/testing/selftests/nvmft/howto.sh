# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by tests of the documentation behind lib.sh: what its pages tell to type.

DOC=$(documentation) || skip_all "Documentation is not there"

# commands PAGE SECTION: the lines of its literal blocks, one that goes on joined.
commands() {
	awk -v title="$2" '
		{ line[NR] = $0 }
		END {
			for (n = 1; n < NR; n++) {
				if (line[n + 1] ~ /^(===|---)+[-=]*$/ && line[n] != "") {
					inside = (line[n] == title)
					block = 0
				} else if (line[n] ~ /::$/) {
					block = 1
				} else if (line[n] ~ /^[^ ]/) {
					block = 0
				} else if (inside && block && line[n] != "") {
					sub(/^ +/, "", line[n])
					printf "%s", line[n]
					if (!sub(/\\$/, "", line[n]))
						print ""
				}
			}
		}' "$DOC/nvmft/$1.rst" | sed 's/ \\  */ /g; s/\\//g'
}

# follow PAGE SECTION FILTER...: runs what FILTER, a sed script, leaves of it; empty lines
# are left out.
follow() {
	local page=$1 title=$2 command count=0

	shift 2
	while IFS= read -r command <&3; do
		[ -n "$command" ] || continue
		count=$((count + 1))
		expect_ok "$page: $command" eval "$command 3<&-"
	done 3< <(commands "$page" "$title" | sed "$@")
	[ "$count" -gt 0 ] || fail "$page.rst has no commands in \"$title\""
}
