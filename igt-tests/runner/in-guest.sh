#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Usage: in-guest.sh DRIVER OUT
#
# In a guest, from the top of the checkout: loads the modules that the list of
# DRIVER names and runs the tests of OUT/wanted under igt_runner, with results
# to OUT. IGT is in /job/show.

set -u

driver=$1
out=$2
list=igt-tests/lists/$driver.list
programs=build/igt

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
	cp -a /job/show/usr/bin/igt_runner $runner
	;;
esac
export LD_LIBRARY_PATH=$lib
missing=$(ldd $runner | sed -n 's/^[[:space:]]*\(.*\) => not found$/\1/p' | tr '\n' ' ')
[ -e $lib/libigt.so.0 ] || missing="libigt.so.0 $missing"
[ -z "$missing" ] || fail "IGT cannot be run, these libraries are not there: $missing"

modules=$(sed -n 's/^# Modules: *//p' "$list")
# shellcheck disable=SC2086 # a list of words
lab/guest/load $modules || fail "the modules of $driver cannot be loaded"
for other in $(sed -n 's/^# Others: *//p' "$list"); do
	lab/guest/load "$other" 2>/dev/null
done
grep -qs "^$driver " /sys/kernel/debug/dri/*/name ||
	fail "no device of this guest is that of $driver"

case $LAB_KERNEL in
uml-*) ln -s "$PWD/$programs"/vmb_* $igt/tests/ ;;
*) cp "$programs"/vmb_* $igt/tests/ ;;
esac
{
	echo TESTLIST
	ls $igt/tests | tr '\n' ' '
	printf '\nEND TESTLIST\n'
} >$igt/test-list.txt
mv $igt/test-list.txt $igt/tests/
for program in "$igt"/tests/vmb_*; do
	"$program" --list-subtests | sed "s/^/${program##*/}@/"
done >"$out/subtests"
[ "$(cat "$out/wanted")" != '*' ] || cp "$out/subtests" "$out/wanted"
sed 's/^\([^ ]*\).*/igt@\1/' "$out/wanted" >$igt/list

level=quiet
[ "$TERM" = dumb ] || level=verbose
# Once, so that what mounts it does not do so inside of a test.
ls /sys/kernel/debug/tracing >/dev/null 2>&1
export VMB_DRIVER="$driver"
$runner --overwrite --log-level $level --per-test-timeout 120 \
	--test-list $igt/list $igt/tests "$out/run" >$igt/log 2>&1 || {
	tail -n 5 $igt/log
	fail "igt_runner ended with an error: $(tail -n 1 $igt/log)"
}

# Files are closed, but a worker may have to free the last VM.
names=$(echo "$modules" | tr ' ' '\n' | grep -v =)
for try in 1 2 3 4 5 6 7 8 9; do
	# shellcheck disable=SC2086 # a list of words
	! lab/guest/unload $names 2>/dev/null || exit 0
	sleep 0.$try
done
fail "the modules of $driver are still in use"
