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

plan=$(mktemp)
runs=$(mktemp)
trap 'rm -f "$plan" "$runs"' EXIT

# One line in $runs for each program: its name and cases.
if [ $# -eq 0 ]; then
	for program in "$programs"/evgem-*; do
		echo "${program##*/}"
	done >"$runs"
else
	echo "$@" | tr '+' '\n' >"$runs"
fi

count=2
[ -z "$smoke" ] || count=7
while read -r theme cases; do
	if [ -n "$cases" ]; then
		# shellcheck disable=SC2086 # a list of words
		set -- $cases
		count=$((count + $#))
	else
		count=$((count + $("$programs/$theme" --list | wc -l)))
	fi
done <"$runs"

echo "KTAP version 1"
echo "1..$((count + more))"

number=0
failed=0
result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		failed=1
		echo "not ok $number - $2"
	fi
}

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

# Results get the number that they have in the whole, and the theme's name.
# Line by line: what was seen of a guest that dies must not be in a buffer.
renumber() {
	re_failed=0
	while IFS= read -r re_line; do
		case $re_line in
		KTAP* | 1..*) ;;
		"ok "*)
			number=$((number + 1))
			echo "ok $number - $theme ${re_line#ok * - }"
			;;
		"not ok "*)
			number=$((number + 1))
			re_failed=1
			if [ "$theme" = igt ]; then
				echo "# run it alone: lab/igt --kernel ${LAB_KERNEL:-KERNEL} $driver ${re_line#not ok * - }"
			else
				echo "# run it alone: lab/run ${LAB_KERNEL:-KERNEL} --" \
					"sh drivers/example-vgem/tests/run.sh --driver $driver $theme ${re_line#not ok * - }"
			fi
			echo "not ok $number - $theme ${re_line#not ok * - }"
			;;
		*) printf '%s\n' "$re_line" ;;
		esac
	done
	echo "$number $re_failed" >"$state"
}

state=$(mktemp)
while read -r theme cases; do
	echo "# $theme"
	program=$programs/$theme
	[ "$theme" != igt ] || program=igt-tests/runner/ktap.sh
	if [ ! -x "$program" ]; then
		result 1 "$theme is not there"
		continue
	fi
	start=$(date +%s)
	# shellcheck disable=SC2086 # a list of words
	"$program" $cases </dev/null | renumber
	read -r number bad <"$state"
	[ "$bad" -eq 0 ] || failed=1
	echo "# $theme: $(($(date +%s) - start)) s"
done <"$runs"
rm -f "$state"

# Files are closed, but a worker may have to free the last VM.
for try in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(cat /sys/module/$module/refcnt 2>/dev/null || echo 0)" != 0 ] || break
	sleep 0."$try"
done
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
