# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=sh disable=SC2034,SC2154
#
# For scripts that run client tests in a guest: programs, one for each theme, give
# one KTAP result together. Sourced; $programs is where they are.

number=0
failed=0

# result STATUS NAME
result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		failed=1
		echo "not ok $number - $2"
	fi
}

# list_themes PREFIX [THEME [CASE...] [+ THEME...]]: a line for each program, with
# its cases; none is all
list_themes() {
	lt_prefix=$1
	shift
	if [ $# -gt 0 ]; then
		echo "$@" | tr '+' '\n'
		return
	fi
	for lt_program in "$programs/$lt_prefix"-*; do
		echo "${lt_program##*/}"
	done
}

# count_cases FILE: how many there are in what list_themes wrote
count_cases() {
	cc_count=0
	while read -r cc_theme cc_cases; do
		if [ -n "$cc_cases" ]; then
			# shellcheck disable=SC2086 # a list of words
			set -- $cc_cases
			cc_count=$((cc_count + $#))
		else
			cc_count=$((cc_count + $("$programs/$cc_theme" --list | wc -l)))
		fi
	done <"$1"
	echo "$cc_count"
}

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
			echo "# run it alone: $(alone "$theme" "${re_line#not ok * - }")"
			echo "not ok $number - $theme ${re_line#not ok * - }"
			;;
		*) printf '%s\n' "$re_line" ;;
		esac
	done
	echo "$number $re_failed" >"$state"
}

# run_theme THEME PROGRAM [CASE...]: uses alone THEME CASE, the script's, to tell
# which command runs a case that failed
run_theme() {
	theme=$1
	rt_program=$2
	shift 2
	echo "# $theme"
	if [ ! -x "$rt_program" ]; then
		result 1 "$theme is not there"
		return
	fi
	state=$(mktemp)
	rt_start=$(date +%s)
	"$rt_program" "$@" </dev/null | renumber
	read -r number rt_bad <"$state"
	rm -f "$state"
	[ "$rt_bad" -eq 0 ] || failed=1
	echo "# $theme: $(($(date +%s) - rt_start)) s"
}

# wait_unused MODULE: files are closed, but a worker may have to free the last VM
wait_unused() {
	for wu_try in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(cat "/sys/module/$1/refcnt" 2>/dev/null || echo 0)" != 0 ] || break
		sleep 0."$wu_try"
	done
}
