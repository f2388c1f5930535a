#!/usr/bin/env bash
# Install the Debian packages that are missing, or say which they are.
#
#   scripts/deps.sh [build|test|servers|bench|fuzz]
#
# "test" adds what the suites need to "build"; "servers" adds to that what it
# takes to build PostgreSQL itself and to run it under valgrind; "bench" is
# "build" and what the benchmark compares with; "fuzz" is "build" and clang with
# libFuzzer.
set -euo pipefail
. "$(dirname "$0")/common.sh"

packages=(gcc libc6-dev make)
suites=(perl libipc-run-perl python3-numpy)
case ${1:-build} in
	build) ;;
	test) packages+=("${suites[@]}") ;;
	servers) packages+=("${suites[@]}" bison flex bzip2 dpkg-dev patch xz-utils valgrind) ;;
	bench) packages+=(python3-numpy python3-scipy python3-psycopg2 libsuitesparse-dev
		libgraphblas-dev) ;;
	fuzz) packages+=(clang libclang-rt-dev libomp-dev) ;;
	*) die "unknown purpose \"$1\"" ;;
esac

installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

has_pgxs()
{
	local pgxs
	pgxs=$("$PG_CONFIG" --pgxs 2>/dev/null) && [ -e "$pgxs" ]
}

has_server()
{
	[ -x "$("$PG_CONFIG" --bindir 2>/dev/null)/postgres" ]
}

# The release that is installed already, else the one Debian would install.
debian_major()
{
	local major
	major=$(find /usr/lib/postgresql/*/bin/postgres 2>/dev/null | cut -d/ -f5 | sort -n | tail -n 1)
	[ -n "$major" ] ||
		major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p')
	echo "$major"
}

missing=()
if ! command -v dpkg-query > /dev/null; then
	has_pgxs || die "PostgreSQL's development files are needed; name them by PG_CONFIG"
	exit
fi
for package in "${packages[@]}"; do
	installed "$package" || missing+=("$package")
done
if ! has_pgxs || ! has_server; then
	[ "$PG_CONFIG" = pg_config ] || die "$PG_CONFIG belongs to no server with PGXS"
	[ "$(id -u)" != 0 ] || apt-get -qq update
	major=$(debian_major)
	missing+=("postgresql-${major:-15}" "postgresql-server-dev-${major:-15}")
fi

[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || die "packages are missing; as root: apt-get install ${missing[*]}"

say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
	install "${missing[@]}" < /dev/null > /dev/null
