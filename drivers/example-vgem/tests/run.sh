#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Usage: run.sh [--driver NAME] [--more N] [--smoke] [THEME [CASE...] [+ THEME [CASE...]]...]
#
# In a guest, from the top of the checkout: loads the modules, and those of
# others that have dma-bufs to give; runs the cases that are named, or all; and
# unloads the modules, which shows whether anything still holds on to them. One
# KTAP result for the whole; --more leaves room for N results that the caller
# adds. --driver names another driver with the same interface (example-vgem). The theme igt stands for programs of igt-tests, its cases for
# PROGRAM@SUBTEST; lab/run has to --show IGT to the guest.

set -u

programs=${PROGRAMS:-build/user}
more=0
smoke=
driver=example-vgem
while [ $# -gt 0 ]; do
	case $1 in
	--more)
		more=$2
		shift
		;;
	--smoke) smoke=1 ;;
	--driver)
		driver=$2
		shift
		;;
	*) break ;;
	esac
	shift
done

module=$(echo "$driver" | tr - _)
export EVGEM_DRIVER="$driver" VMB_DRIVER="$driver"

. drivers/common/lib/themes.sh

plan=$(mktemp)
runs=$(mktemp)
trap 'rm -f "$plan" "$runs"' EXIT

list_themes evgem "$@" >"$runs"
count=2
[ -z "$smoke" ] || count=7
echo "KTAP version 1"
echo "1..$((count + $(count_cases "$runs") + more))"

# ranges EVENT FILE: the ranges that the events of this name tell of
ranges() {
	sed -n "s/^$1: .*\(addr=0x[0-9a-f]* range=0x[0-9a-f]*\).*/\1/p" "$2" | sort
}

# jobs_that WHAT FILE: the jobs, by their fences, of which it is told
jobs_that() {
	sed -n "s/^gpuvm_bind_$1: .*\(context=[0-9]* seqno=[0-9]*\).*/\1/p" "$2" | sort
}

traced_evenly() {
	te_mapped=$(ranges gpuva_map "$1")
	te_jobs=$(jobs_that submit "$1")
	[ -n "$te_mapped" ] && [ "$te_mapped" = "$(ranges gpuva_unmap "$1")" ] &&
		[ -n "$te_jobs" ] && [ "$te_jobs" = "$(jobs_that run "$1")" ] &&
		[ "$te_jobs" = "$(jobs_that "done" "$1")" ] || {
		sed 's/^/# /' "$1"
		return 1
	}
}

# Pages of the one userptr come, and then go and come in turn, as the case has it.
userptr_traced() {
	awk '/^gpuvm_userptr_/ {
			n++
			if (($1 == "gpuvm_userptr_repin:") != n % 2)
				bad = 1
		}
		END { exit bad || n < 42 }' "$1" || {
		sed 's/^/# /' "$1"
		return 1
	}
}

[ -z "$smoke" ] || modprobe drm_gpuvm
lab/guest/load drm_gpuvm_ref "$module" "${PARAMETERS:-max_vms=64}"
result $? load
# Built into some kernels; the tests that need one say so if it is not there.
lab/guest/load vgem 2>/dev/null
lab/guest/load udmabuf 2>/dev/null
if [ -n "$smoke" ]; then
	ls -d /sys/module/drm_gpuvm /sys/module/drm_gpuvm_ref >/dev/null
	result $? "beside the kernel's own core"
	drm/tests/trace-in-guest "$programs/evgem-bind" map-unmap >"$plan" 2>&1
	traced_evenly "$plan"
	result $? "what is traced as mapped is traced as unmapped"
	drm/tests/trace-in-guest "$programs/evgem-userptr" thrown-away >"$plan" 2>&1
	userptr_traced "$plan"
	result $? "pages of a userptr are traced as they come and go"
fi

alone() {
	if [ "$1" = igt ]; then
		echo "lab/igt --kernel ${LAB_KERNEL:-KERNEL} $driver $2"
	else
		echo "lab/run ${LAB_KERNEL:-KERNEL} -- sh drivers/example-vgem/tests/run.sh --driver $driver $1 $2"
	fi
}

while read -r name cases; do
	program=$programs/$name
	[ "$name" != igt ] || program=igt-tests/runner/ktap.sh
	# shellcheck disable=SC2086 # a list of words
	run_theme "$name" "$program" $cases
done <"$runs"

wait_unused "$module"
unloaded() {
	lab/guest/unload drm_gpuvm_ref "$module" &&
		test ! -e /sys/module/drm_gpuvm_ref &&
		test ! -e /dev/dri/renderD128
}
if [ -n "$smoke" ]; then
	"$programs/demo" >"$plan" 2>&1
	rc=$?
	sed 's/^/# /' "$plan"
	result "$rc" "the demo finds every byte right"
fi
unloaded
result $? unload
if [ -n "$smoke" ]; then
	lab/guest/load "$module" && unloaded
	result $? "load and unload once more"
fi

exit "$failed"
