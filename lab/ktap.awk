# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Counts the cases of a suite's KTAP. Variables: suite, its path; rc, its exit
# status; alone, a command with %s for the name of a case; counts, the file for
# "PASSED FAILED SKIPPED". Prints each failed case and how to run it alone.
#
# A case is a result with no results nested in it. A result line follows those
# that are nested in it and is indented less.

function describe(name,    command, path) {
	path = name
	if (alone != "") {
		command = alone
		sub(/%s/, path, command)
	} else {
		command = "make check SUITE=" suite
	}
	printf "    not ok: %s: %s\n        alone: %s\n", suite, name, command
}

function fail(name) {
	failed++
	describe(name)
}

# The suite's name of KUnit comes before its cases.
/^ *# Subtest: / {
	indent = match($0, /[^ ]/) - 1
	subtest = $0
	sub(/^ *# Subtest: /, "", subtest)
	names[indent] = subtest
	next
}

/^1\.\.[0-9]+/ {
	plan += substr($0, 4) + 0
	next
}

/^ *(not )?ok [0-9]+/ {
	indent = match($0, /[^ ]/) - 1
	bad = ($0 ~ /^ *not ok/)
	skip = ($0 ~ /# SKIP/)
	name = $0
	sub(/^ *(not )?ok [0-9]+ *(- *)?/, "", name)
	sub(/ *# .*$/, "", name)
	if (indent == 0)
		top++
	if (deeper > indent) {
		# A parent: counted by its children, unless it alone failed.
		if (bad && !child_bad[indent])
			fail(name)
	} else {
		full = name
		# A case of KUnit, or a parameter of one: SUITE.CASE.
		if (indent > 0 && (indent in names))
			full = names[indent] "." name
		if (indent > 4 && (4 in names) && names[indent] != "" && names[indent] != names[4])
			full = names[4] "." names[indent] (alone == "" ? ": " name : "")
		if (skip)
			skipped++
		else if (bad)
			fail(full)
		else
			passed++
	}
	if (bad)
		for (i = 0; i < indent; i++)
			child_bad[i] = 1
	child_bad[indent] = 0
	deeper = indent
	next
}

END {
	if (top < plan)
		fail("ended after " top + 0 " of " plan " results")
	else if (passed + failed + skipped == 0)
		fail("no results")
	else if (rc != 0 && !failed)
		fail("exit status " rc)
	print passed + 0, failed + 0, skipped + 0 >counts
}
