#!/usr/bin/env bash
# A throw-away cluster, reached by a socket in its own directory.
#
#   scripts/cluster.sh start DIR [NAME=VALUE...]    make it, with these settings
#   scripts/cluster.sh stop DIR                     stop it; DIR stays
#
# Connect with PGHOST=DIR PGUSER=postgres.  DIR must be readable by the user
# "postgres" when this is run as root.  SERVER_PROGRAM starts another program
# in place of "postgres".
set -euo pipefail
. "$(dirname "$0")/common.sh"

[ $# -ge 2 ] || die "usage: $0 start|stop DIR [NAME=VALUE...]"
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2

start()
{
	local setting

	chown "$(choose_owner)" "$dir"
	as_owner "$dir" initdb -D "$dir/data" -U postgres -A trust -E UTF8 \
		--no-locale --no-sync > "$dir/initdb.log" 2>&1 || {
		cat "$dir/initdb.log"
		die "initdb failed"
	}
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$dir'"
		echo "fsync = off"
		for setting in "$@"; do
			echo "${setting%%=*} = '${setting#*=}'"
		done
	} >> "$dir/data/postgresql.conf"
	as_owner "$dir" pg_ctl -s -D "$dir/data" -l "$dir/server.log" -w -t 300 \
		${SERVER_PROGRAM:+-p "$SERVER_PROGRAM"} start || {
		cat "$dir/server.log"
		die "the server did not start"
	}
}

stop()
{
	as_owner "$dir" pg_ctl -s -D "$dir/data" -m fast -w -t 300 stop
}

case $action in
	start | stop) "$action" "$@" ;;
	*) die "unknown action \"$action\"" ;;
esac
