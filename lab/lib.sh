# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=sh
#
# Shared by the commands of lab/ that run on the host. POSIX sh only.
# A command sources this file first; $LAB_TOP is then the checkout and
# $LAB_CACHE the place for everything that takes long to make.

LAB_TOP=$(cd "${LAB_DIR:-${0%/*}}/.." && pwd -P)
LAB_CACHE=${LAB_CACHE:-${HOME:?HOME is not set, and neither is LAB_CACHE}/.cache/drm-gpuvm-lab}
LAB_BUILD=$LAB_TOP/build
# The command that somebody typed: when that is killed, nothing may go on.
LAB_TYPED=${LAB_TYPED:-$$}
export LAB_TOP LAB_CACHE LAB_TYPED

# The lab's messages go to stderr: stdout belongs to what is run.
say() {
	printf '%s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The comment at the head of a command is its help.
usage() {
	sed -n '/^# Usage:/,/^[^#]/s/^#\{1,\} \{0,1\}//p' "$0" >&2
	exit "${1:-2}"
}

mkdir -p "$LAB_CACHE/lock" "$LAB_CACHE/log" 2>/dev/null ||
	die "cannot write to $LAB_CACHE: set LAB_CACHE to a folder with 15 GB free"

seconds() {
	date +%s
}

# minutes 75 -> 1:15
minutes() {
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# digest FILE... : one short name for the contents of all these files
digest() {
	cat "$@" | sha256sum | cut -c1-12
}

# need_disk MEGABYTES WHAT-FOR
need_disk() {
	nd_free=$(df -Pm "$LAB_CACHE" | awk 'NR == 2 { print $4 }')
	[ "$nd_free" -ge "$1" ] ||
		die "$2 needs $1 MB in $LAB_CACHE, $nd_free MB are free: make room there or set LAB_CACHE to another disk, then run the same command again"
}

# The sentence that belongs to a failed step, found in the step's log.
explain() {
	if grep -qiE 'no space left|not enough (disk )?space' "$1"; then
		say "The disk of $LAB_CACHE or $LAB_BUILD is full: make room or set LAB_CACHE to another disk, then run the same command again."
	elif grep -qiE 'could not resolve|temporary failure|unable to connect|could not connect|connection (timed out|refused)|network is unreachable|could not handshake' "$1"; then
		say "The Debian mirror cannot be reached: check the network (apt-get update), then run the same command again. LAB_MIRROR= takes another mirror than that of apt."
	elif grep -qiE 'newuidmap|subuid|unshare failed|operation not permitted' "$1"; then
		say "User namespaces are not available to $(id -un): install uidmap, see that /etc/subuid has a line for $(id -un), or run as root."
	elif grep -qiE 'unable to locate package|has no installation candidate' "$1"; then
		say "A package of the list is not on the mirror: see the line above, and whether the mirror is complete (LAB_MIRROR= takes another)."
	elif grep -qiE 'NO_PUBKEY|not signed|no keyring' "$1"; then
		say "apt does not know the key of Debian 13: apt-get install debian-archive-keyring (newest), then run the same command again."
	fi
}

# run_step TITLE LOG COMMAND...
#
# Runs a long command with its output in LOG. On a terminal one line tells how
# far it is; otherwise a line at its start, its end, and each minute. A caller
# that knows how many steps there are sets LAB_STEP, like "2/5".
run_step() {
	rs_title="[${LAB_STEP:-1/1}] $1"
	rs_log=$2
	shift 2
	rs_start=$(seconds)
	rs_told=0
	[ -t 2 ] || say "$rs_title ..."
	"$@" >"$rs_log" 2>&1 &
	rs_pid=$!
	# shellcheck disable=SC2064 # this pid, not that of a later step
	trap "kill -TERM $rs_pid 2>/dev/null; exit 130" INT TERM HUP
	rs_width=$(stty size 2>/dev/null </dev/tty | cut -d' ' -f2) || :
	rs_width=${rs_width:-80}
	while kill -0 "$rs_pid" 2>/dev/null; do
		if ! kill -0 "$LAB_TYPED" 2>/dev/null; then
			kill -TERM "$rs_pid" 2>/dev/null
			exit 143
		fi
		rs_now=$(($(seconds) - rs_start))
		if [ -t 2 ]; then
			rs_last=$(tail -n 1 "$rs_log" 2>/dev/null | tr -d '\r\033' | tr '\t' ' ') || :
			printf '\r\033[K%.*s' $((rs_width - 1)) \
				"$rs_title $(minutes $rs_now)  $rs_last" >&2
		elif [ $((rs_now / 60)) -gt "$rs_told" ]; then
			rs_told=$((rs_now / 60))
			say "$rs_title ... $(minutes $rs_now) $(tail -n 1 "$rs_log")"
		fi
		sleep 0.2
	done
	rs_rc=0
	wait "$rs_pid" || rs_rc=$?
	trap - INT TERM HUP
	rs_now=$(($(seconds) - rs_start))
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if [ "$rs_rc" -ne 0 ]; then
		say "$rs_title: failed after $(minutes $rs_now); the end of $rs_log:"
		tail -n 25 "$rs_log" >&2
		explain "$rs_log"
		return "$rs_rc"
	fi
	say "$rs_title: done in $(minutes $rs_now)"
}

# with_lock NAME COMMAND...
#
# One at a time, also between two checkouts that share the cache. The lock is
# held by the open file, so that it goes away with its holder however it dies.
with_lock() {
	wl_file=$LAB_CACHE/lock/$1
	shift
	(
		if ! flock -n 9; then
			say "${wl_file##*/} is being made by another run: waiting for it"
			flock 9
		fi
		"$@"
	) 9>"$wl_file"
}

# cache_entry NAME MAKER...
#
# Makes $LAB_CACHE/NAME by running MAKER with $LAB_CACHE/NAME.part, which is
# renamed when MAKER succeeds: an entry is complete or is not there. What is
# left in .part by an interrupted MAKER is handed to the next one.
cache_entry() {
	[ -d "$LAB_CACHE/$1" ] || with_lock "$1" cache_fill "$@"
}

cache_fill() {
	cf_entry=$LAB_CACHE/$1
	shift
	[ ! -d "$cf_entry" ] || return 0
	"$@" "$cf_entry.part" || return
	mv "$cf_entry.part" "$cf_entry"
}

# The folder of the build root for this checkout's package list.
root_dir() {
	printf '%s/root-%s\n' "$LAB_CACHE" "$(digest "$LAB_TOP"/lab/packages \
		"$LAB_TOP"/lab/host/root-hook "$LAB_TOP"/lab/kernels/debian.list)"
}

# packages_entry NAME: the entry in the cache of what lab/NAME-packages lists; the
# build root has to be there.
packages_entry() {
	printf '%s-%s\n' "$1" "$(digest "$LAB_TOP/lab/$1-packages" "$LAB_TOP"/lab/host/fetch \
		"$(root_dir)/etc/lab/packages")"
}

# packages_make NAME TITLE OUT: fills it
packages_make() {
	need_disk 500 "$2"
	run_step "$2 from Debian" "$LAB_CACHE/log/$1" \
		"$LAB_TOP/lab/host/fetch" "$(root_dir)" "$LAB_TOP/lab/$1-packages" "$3"
}

# as_root COMMAND... : with the rights to mount and chroot. A user gets them in
# a user namespace of its own; the process namespace ends whatever is left in
# it together with its first process.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		set -- --mount "$@"
	else
		set -- --user --map-auto --map-root-user --mount "$@"
	fi
	setpriv --pdeathsig KILL unshare --fork --pid --kill-child "$@"
}

# enter COMMAND... : runs COMMAND inside the build root. Honours LAB_SRC (rw or
# ro: how the checkout is seen), LAB_CACHE_MODE (the same for the cache), and
# LAB_JOB (a folder that is seen as /job) and LAB_SHOW (one that is seen in it,
# as show, read-only).
enter() {
	as_root sh "$LAB_TOP/lab/host/enter" "$(root_dir)" "$@"
}

# Where a path of the host is seen inside the root.
inside() {
	case $1 in
	"$LAB_TOP"*) printf '/src%s\n' "${1#"$LAB_TOP"}" ;;
	"$LAB_CACHE"*) printf '/cache%s\n' "${1#"$LAB_CACHE"}" ;;
	*) die "$1 is neither in the checkout nor in the cache" ;;
	esac
}

# kernel_conf NAME: sets kernel_* from lab/kernels/NAME.conf
kernel_conf() {
	kernel_name=$1
	[ -r "$LAB_TOP/lab/kernels/$1.conf" ] ||
		die "no kernel is named $1; there are: $(kernel_names | tr '\n' ' ')uml-debug"
	kernel_guest='' kernel_package='' kernel_fragments='' kernel_params='' kernel_memory=''
	. "$LAB_TOP/lab/kernels/$1.conf"
}

kernel_names() {
	for kn in "$LAB_TOP"/lab/kernels/*.conf; do
		kn=${kn##*/}
		printf '%s\n' "${kn%.conf}"
	done
}

# uml-debug stands for the two debug kernels, everywhere.
kernel_expand() {
	case $1 in
	uml-debug) printf '%s\n' uml-lockdep uml-kasan ;;
	*) printf '%s\n' "$1" ;;
	esac
}
