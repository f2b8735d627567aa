#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Usage: in-guest.sh LIST OUT
#
# In a guest, from the top of the checkout: loads the modules that LIST, a file or
# the name of a driver, names and runs the tests of OUT/wanted under igt_runner, with
# results to OUT; or, if there is OUT/direct, each program once for all its tests,
# with what it says to that folder. IGT is in /job/show, its own programs included.

set -u

case $1 in
*/*) list=$1 ;;
*) list=igt-tests/lists/$1.list ;;
esac
out=$2
programs=build/igt
driver=$(sed -n 's/^# Driver: *//p' "$list")
driver=${driver:-$(basename "$list" .list)}

fail() {
	echo "$*" >"$out/failure"
	exit 1
}

igt=/tmp/igt
mkdir -p $igt/tests
case $LAB_KERNEL in
uml-*)
	lib=/job/show/usr/lib/x86_64-linux-gnu
	runner=/job/show/usr/bin/igt_runner
	;;
*)
	# In emulation, each start of a program over the share takes long.
	lib=$igt/lib
	runner=$igt/igt_runner
	cp -a /job/show/usr/lib/x86_64-linux-gnu $lib
	[ -d "$out/direct" ] || cp -a /job/show/usr/bin/igt_runner $runner
	;;
esac
export LD_LIBRARY_PATH=$lib
[ -e $lib/libigt.so.0 ] || fail "IGT cannot be run, this library is not there: libigt.so.0"
# What is started, and so needs all libraries: the runner, or the programs themselves.
starts=$runner
[ ! -d "$out/direct" ] || starts=$(find "$programs" -maxdepth 1 -name 'vmb_*' | head -n 1)
[ -x "$starts" ] || fail "IGT cannot be run, this program is not there: ${starts:-$programs/vmb_*}"
missing=$(ldd "$starts" | sed -n 's/^[[:space:]]*\(.*\) => not found$/\1/p' | tr '\n' ' ')
[ -z "$missing" ] || fail "IGT cannot be run, these libraries are not there: $missing"

modules=$(sed -n 's/^# Modules: *//p' "$list")
# shellcheck disable=SC2086 # a list of words
[ -z "$modules" ] || lab/guest/load $modules || fail "the modules of $driver cannot be loaded"
for other in $(sed -n 's/^# Others: *//p' "$list"); do
	lab/guest/load "$other" 2>/dev/null
done
grep -qs "^$driver " /sys/kernel/debug/dri/*/name ||
	fail "no device of this guest is that of $driver"

copy='ln -s'
case $LAB_KERNEL in
uml-*) ;;
*) copy='cp' ;;
esac
# If all are wanted, also those that the list forgot: they are seen to be strangers.
wanted=$(sed '/^\*$/d; s/[@ ].*//' "$out/wanted" | sort -u)
if [ -e "$out/all" ] && grep -qE '^(vmb_|\*)' "$out/wanted"; then
	wanted="$(cd "$programs" && echo vmb_*) $wanted"
fi
for program in $wanted; do
	for place in "$PWD/$programs" /job/show/usr/libexec/igt-gpu-tools; do
		if [ -x "$place/$program" ] && [ ! -e "$igt/tests/$program" ]; then
			$copy "$place/$program" $igt/tests/
		fi
	done
done
# Once, so that what mounts it does not do so inside of a test.
ls /sys/kernel/debug/tracing >/dev/null 2>&1
for setting in $(cat "$out/settings" 2>/dev/null); do
	export "${setting?}"
done
export VMB_DRIVER="$driver" IGT_FORCE_DRIVER="$driver" IGT_SENTINEL_ON_STDERR=1

# Files are closed, but a worker may have to free the last VM.
unload() {
	names=$(echo "$modules" | tr ' ' '\n' | grep -v =)
	for try in 1 2 3 4 5 6 7 8 9; do
		# shellcheck disable=SC2086 # a list of words
		! lab/guest/unload $names 2>/dev/null || exit 0
		sleep 0.$try
	done
	fail "the modules of $driver are still in use"
}

if [ -d "$out/direct" ]; then
	cat /dev/kmsg >"$out/direct/kmsg" &
	reader=$!
	for program in "$igt/tests"/*; do
		name=${program##*/}
		# A pattern of IGT's is a list, too.
		subtests=$(sed -n "s/^$name@\([^ ]*\).*/\1/p" "$out/wanted" | tr '\n' ',')
		set -- --run-subtest "${subtests%,}"
		case $name in
		vmb_*) [ ! -e "$out/all" ] || set -- ;;
		esac
		echo "$name"
		timeout -k 5 400 "$program" "$@" >"$out/direct/$name.out" 2>"$out/direct/$name.err" </dev/null
		echo "$?" >"$out/direct/$name.status"
	done
	sleep 0.2
	kill "$reader"
	unload
fi

{
	echo TESTLIST
	ls $igt/tests | tr '\n' ' '
	printf '\nEND TESTLIST\n'
} >$igt/test-list.txt
mv $igt/test-list.txt $igt/tests/
for program in "$igt/tests"/*; do
	case $program in
	*.txt) continue ;;
	esac
	"$program" --list-subtests 2>/dev/null | sed "s/^/${program##*/}@/"
done >"$out/subtests"
[ "$(cat "$out/wanted")" != '*' ] || cp "$out/subtests" "$out/wanted"
sed 's/^\([^ ]*\).*/igt@\1/' "$out/wanted" >$igt/list

# How far it is: each subtest on a terminal, else each program.
progress() {
	if [ "$TERM" = dumb ]; then
		awk '$2 ~ /^\[[0-9]+\/[0-9]+\]$/ && $3 != last {
			print $2, last = $3
			fflush()
		}'
	else
		grep -v '^results: '
	fi
}

# Its exit status says nothing.
$runner --overwrite --log-level verbose --per-test-timeout 120 \
	--test-list $igt/list $igt/tests "$out/run" 2>&1 | tee $igt/log | progress
[ -s "$out/run/results.json" ] ||
	fail "igt_runner left no results, and said: $(tail -n 1 $igt/log)"
unload
