#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Usage: judge.sh BIN FORMAT DRIVER KERNEL OUT STATUS
#
# Reads what a run left in OUT, whose guest ended with STATUS, and tells the
# verdict. A guest that died has not written its results: igt_results of BIN
# makes them of what there is.

set -u

bin=$1
out=$5
shift

if [ -d "$out/run" ] && [ ! -s "$out/run/results.json" ]; then
	"$bin/igt_results" "$out/run" >/dev/null 2>&1
fi
[ ! -s "$out/run/results.json" ] || cp "$out/run/results.json" "$out/results.json"
exec python3 igt-tests/runner/judge.py "$@"
