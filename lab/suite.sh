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

finish() {
	exit "$suite_failed"
}
