# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced behind lib.sh by tests that look at /proc/fs/nvmft.

# shellcheck disable=SC2034
PROC=/proc/fs/nvmft

# lines FILE [FIELD]...: those that have all these fields
lines() {
	local file=$1

	shift
	# the fields go by the environment: awk would read escapes in -v
	FIELDS=$(printf '%s\n' "$@") awk '
		BEGIN { n = split(ENVIRON["FIELDS"], want, "\n") }
		/^#/ { next }
		{
			for (i = 1; i <= n; i++)
				if (want[i] != "" && index(" " $0 " ", " " want[i] " ") == 0)
					next
			print
		}' "$PROC/$file"
}

count_lines() {
	lines "$@" | wc -l
}

# value FILE KEY [FIELD]...: of the first of these lines
value() {
	local file=$1 key=$2

	shift 2
	lines "$file" "$@" | head -n 1 | tr ' ' '\n' | sed -n "s/^$key=//p"
}

# total FILE KEY [FIELD]...: the sum over these lines
total() {
	local file=$1 key=$2

	shift 2
	lines "$file" "$@" | tr ' ' '\n' | sed -n "s/^$key=//p" | awk '{ n += $1 } END { print n + 0 }'
}

# histogram FILE KEY [FIELD]...: the sum of all its buckets, over these lines
histogram() {
	local file=$1 key=$2

	shift 2
	lines "$file" "$@" | tr ' ' '\n' | sed -n "s/^$key=//p" | tr ',' '\n' |
		awk '{ n += $1 } END { print n + 0 }'
}

# ended_total FILE [FIELD]...: the sum of all ended_*
ended_total() {
	lines "$@" | tr ' ' '\n' | sed -n "s/^ended_[a-z]*=//p" | awk '{ n += $1 } END { print n + 0 }'
}

no_session() {
	[ "$(count_lines sessions type=io)" = 0 ]
}
