# Sourced by the other scripts: the server they use, the user it runs as, and
# the sandbox they work in.  Sourcing it moves to the root of the repository.
# shellcheck shell=bash
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
sandbox=

export PG_CONFIG=${PG_CONFIG:-pg_config}
export LC_ALL=C.UTF-8
unset PGHOST PGPORT PGDATABASE PGPASSWORD PGOPTIONS PGSERVICE PGDATA
export PGUSER=postgres

say() { echo "== $*"; }
die() { echo "$(basename "$0"): $*" >&2; exit 1; }

# PostgreSQL refuses to run as root.
choose_owner()
{
	if [ "$(id -u)" != 0 ]; then
		id -un
	elif id postgres > /dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

# as_owner DIR COMMAND...: run it in DIR as that user, with the server's
# programs first in the path.
as_owner()
{
	local dir=$1 owner drop=()
	shift
	owner=$(choose_owner)
	if [ "$(id -u)" = 0 ]; then
		drop=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --init-groups)
	fi
	env -C "$dir" HOME="$dir" PATH="$("$PG_CONFIG" --bindir):$PATH" \
		LD_LIBRARY_PATH="$("$PG_CONFIG" --libdir)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
		"${drop[@]}" "$@"
}

# Set $sandbox: a temporary directory that goes when the script ends, and with
# it the servers in it.
open_sandbox()
{
	sandbox=$(mktemp -d "${TMPDIR:-/tmp}/tnfr_pg.XXXXXX")
	trap remove_sandbox EXIT
	trap 'exit 130' INT TERM HUP
	chmod 755 "$sandbox"
}

# Set $sandbox: a temporary directory with a copy of the sources, built and
# installed into a copy of PG_CONFIG's server.  The checkout, the installed
# server and other runs are left alone, and an unprivileged user can read all
# of it wherever the checkout lies.  PG_CONFIG becomes that of the copy.
make_sandbox()
{
	local dir

	open_sandbox
	say "building for $("$PG_CONFIG" --version)"
	mkdir "$sandbox/tree"
	tar -cf - --exclude='*.o' --exclude='*.d' \
		Makefile tnfr_pg.control sql src cuda test expected | tar -xf - -C "$sandbox/tree"
	make -s -C "$sandbox/tree" -j"${JOBS:-$(nproc)}" all PG_CONFIG="$PG_CONFIG"

	for dir in bindir pkglibdir sharedir; do
		dir=$("$PG_CONFIG" --$dir)
		mkdir -p "$sandbox/server${dir%/*}"
		cp -a "$dir" "$sandbox/server${dir%/*}"
	done
	dir=$("$PG_CONFIG" --libdir)
	mkdir -p "$sandbox/server$dir"
	cp -a "$dir"/libpq.so* "$sandbox/server$dir"
	make -s -C "$sandbox/tree" install PG_CONFIG="$PG_CONFIG" DESTDIR="$sandbox/server" > /dev/null

	PG_CONFIG=$sandbox/server$("$PG_CONFIG" --bindir)/pg_config
	chown -R "$(choose_owner)" "$sandbox"
}

# Whatever happened, no server and no file stays behind.
remove_sandbox()
{
	local pidfile data

	find "$sandbox" -name postmaster.pid | while read -r pidfile; do
		data=${pidfile%/*}
		if ! as_owner / pg_ctl -s -D "$data" -m immediate -w -t 30 stop &&
			as_owner / pg_ctl -s -D "$data" status > /dev/null; then
			kill -KILL "$(head -n 1 "$pidfile")"
		fi
	done
	rm -rf "$sandbox"
}
