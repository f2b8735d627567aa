#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Usage: ktap.sh PROGRAM@SUBTEST...
#
# In a guest whose driver is loaded, from the top of the checkout: runs these, a
# program once for all of its subtests, and prints KTAP. For a few of them beside
# other tests; IGT is in /job/show. A skip is a failure, as none is expected.

set -u

[ -e /job/show/usr/lib ] || {
	echo "Bail out! this guest is not shown IGT: lab/igt --kernel ${LAB_KERNEL:-KERNEL} example-vgem $*"
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lib=/job/show/usr/lib/x86_64-linux-gnu
case ${LAB_KERNEL:-} in
uml-*) ;;
*)
	# In emulation, each start of a program over the share takes long.
	cp -a $lib "$work/lib"
	lib=$work/lib
	;;
esac
export LD_LIBRARY_PATH=$lib IGT_SENTINEL_ON_STDERR=1 VMB_DRIVER="${VMB_DRIVER:-example-vgem}"

printf '%s\n' "$@" | sed 's/@.*//' | uniq >"$work/programs"
echo "KTAP version 1"
echo "1..$#"
number=0
failed=0
while read -r program; do
	subtests=$(printf '%s\n' "$@" | sed -n "s/^$program@//p")
	timeout -k 5 100 "build/igt/$program" --run-subtest "$(echo "$subtests" | tr '\n' ',' | sed 's/,$//')" \
		>/dev/null 2>"$work/said" </dev/null
	for subtest in $subtests; do
		number=$((number + 1))
		if grep -q "^Subtest $subtest: SUCCESS" "$work/said"; then
			echo "ok $number - $program@$subtest"
		else
			failed=1
			sed -n "/^Starting subtest: $subtest\$/,/^Subtest $subtest:/p" "$work/said" | head -n 30 | sed 's/^/# /'
			echo "not ok $number - $program@$subtest"
		fi
	done
done <"$work/programs"
exit "$failed"
