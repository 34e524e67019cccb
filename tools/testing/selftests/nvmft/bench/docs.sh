#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Refreshes the figures that Documentation/nvmft/performance.rst includes, for the
# kernels named or for all. Hours; "make bench-docs" runs it.
#
#   docs.sh [KERNEL...]
set -euo pipefail
cd "$(dirname "$0")/../../../../.."

BENCH=tools/testing/selftests/nvmft/bench
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
	"$BENCH/bench.py" --kernel "$kernel" --rounds 2 --out "$SCRATCH" all
	keep "$SCRATCH/bench.txt" "$OUT/bench-$kernel.txt"
	cp "$SCRATCH/bench.svg" "$OUT/bench-$kernel.svg"
	"$BENCH/bench.py" --kernel "$kernel" --smp 2 --rounds 2 --out "$SCRATCH" main
	keep "$SCRATCH/bench.txt" "$OUT/queues-$kernel.txt"
	"$BENCH/scale.py" --kernel "$kernel" --out "$SCRATCH"
	keep "$SCRATCH/scale.txt" "$OUT/scale-$kernel.txt"
done
