#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Refreshes the figures that Documentation/nvmft/performance.rst includes, for the
# kernels named or for all; "make bench-docs" runs it. A quarter of an hour for each
# on two cores: one round, since a second gives the same to within a percent.
#
#   docs.sh [KERNEL...]
set -euo pipefail
cd "$(dirname "$0")/../../../../.."

BENCH=tools/testing/selftests/nvmft/bench/bench.py
OUT=Documentation/nvmft/performance
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
if [ $# -eq 0 ]; then
	mapfile -t kernels < <(scripts/kernel list)
	set -- "${kernels[@]}"
fi

# keep FROM TO: as a file of this tree
keep() {
	{
		echo '# SPDX-License-Identifier: GPL-2.0'
		cat "$1"
	} >"$2"
}

mkdir -p "$OUT"
for kernel; do
	"$BENCH" --kernel "$kernel" --rounds 1 --out "$SCRATCH/bench" all
	"$BENCH" --kernel "$kernel" --rounds 1 --smp 2 --out "$SCRATCH/queues" main
	keep "$SCRATCH/bench.txt" "$OUT/bench-$kernel.txt"
	keep "$SCRATCH/queues.txt" "$OUT/queues-$kernel.txt"
	cp "$SCRATCH/bench.svg" "$OUT/bench-$kernel.svg"
	cp "$SCRATCH/bench.growth.svg" "$OUT/growth-$kernel.svg"
done
