# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=sh
#
# For suites written in shell: each case is a command that succeeds or fails.
# A suite sources this file from the top of the checkout, calls plan, then a
# case_* function for each case, and ends with finish.

suite_number=0
suite_failed=0
suite_output=$(mktemp)
trap 'rm -f "$suite_output"' EXIT
trap 'exit 130' INT TERM HUP

plan() {
	echo "KTAP version 1"
	echo "1..$1"
}

# case_result STATUS NAME: with what the command said, if it failed
case_result() {
	suite_number=$((suite_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $suite_number - $2"
	else
		suite_failed=1
		tail -n 60 "$suite_output" | sed 's/^/# /'
		echo "not ok $suite_number - $2"
	fi
}

# case_ok NAME COMMAND...: the command has to succeed
case_ok() {
	co_name=$1
	shift
	co_rc=0
	"$@" >"$suite_output" 2>&1 || co_rc=$?
	[ "$co_rc" -eq 0 ] || echo "status $co_rc of: $*" >>"$suite_output"
	case_result "$co_rc" "$co_name"
}

# case_status NAME STATUS COMMAND...: the command has to end with this status
case_status() {
	cs_name=$1
	cs_want=$2
	shift 2
	cs_rc=0
	"$@" >"$suite_output" 2>&1 || cs_rc=$?
	if [ "$cs_rc" -eq "$cs_want" ]; then
		case_result 0 "$cs_name"
	else
		echo "status $cs_rc instead of $cs_want of: $*" >>"$suite_output"
		case_result 1 "$cs_name"
	fi
}

case_skip() {
	suite_number=$((suite_number + 1))
	echo "ok $suite_number - $1 # SKIP $2"
}

# case_reports KERNEL MODULE PARAMETER NAME REGEX [NAME REGEX...]: in one guest,
# loads MODULE with PARAMETER=NAME for one NAME after the other; each has to
# give its report, the kernel nothing else. A case for each and one for the
# rest. Not for reports that end the guest or the checker.
case_reports() {
	cr_kernel=$1
	cr_module=$2
	cr_parameter=$3
	shift 3
	cr_names=
	cr_expects=
	cr_list=$(mktemp)
	while [ $# -gt 0 ]; do
		cr_names="$cr_names $1"
		printf '%s %s\n' "$1" "$2" >>"$cr_list"
		shift 2
	done
	set --
	while read -r cr_name cr_regex; do
		set -- "$@" --expect "$cr_regex"
	done <"$cr_list"
	cr_log=$(mktemp build/log/reports-XXXXXX)
	cr_rc=0
	# Two of a kind, with another between them: the kernel tells of some only
	# once in a second.
	# shellcheck disable=SC2016 # expanded in the guest
	lab/run --timeout 120 --log "$cr_log" "$@" "$cr_kernel" -- sh -euc '
		for name in $3; do
			echo "lab: misdeed $name" >/dev/kmsg
			lab/guest/load "$1" "$2=$name"
			rmmod "$1"
			sleep 0.5
		done
		echo "lab: misdeed none" >/dev/kmsg' sh "$cr_module" "$cr_parameter" "$cr_names" \
		>"$suite_output" 2>&1 || cr_rc=$?
	while read -r cr_name cr_regex; do
		cr_found=0
		sed -n "/lab: misdeed $cr_name\$/,/lab: misdeed/p" "$cr_log" |
			sed 's/^\[ *[0-9.]*\]\(\[ *[TC][0-9]*\]\)\{0,1\} //' |
			grep -qE -- "$cr_regex" || cr_found=1
		case_result "$cr_found" "$cr_name is reported by $cr_kernel"
	done <"$cr_list"
	case_result "$cr_rc" "$cr_kernel reports only these:$cr_names"
	rm -f "$cr_list" "$cr_log"
}

finish() {
	exit "$suite_failed"
}
