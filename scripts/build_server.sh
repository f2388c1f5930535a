#!/usr/bin/env bash
# Build the PostgreSQL of a newer Debian from its source package and keep it.
#
#   scripts/build_server.sh MAJOR SUITE...      prints the path of its pg_config
#
# The server has assertions and valgrind's client requests compiled in, so the
# same build serves the version matrix and memcheck.  It is kept under
# $TNFR_MATRIX_DIR (default: ~/.cache/tnfr_pg-matrix); delete MAJOR there to
# have it built again.  apt works on lists and sources of its own in a
# temporary directory, so the machine's configuration stays as it is.
set -euo pipefail
. "$(dirname "$0")/common.sh"

major=$1
shift
suites=$*
cache=${TNFR_MATRIX_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tnfr_pg-matrix}
prefix=$cache/$major

if [ -x "$prefix/bin/pg_config" ]; then
	echo "$prefix/bin/pg_config"
	exit
fi

mkdir -p "$cache"
build=$(mktemp -d "$cache/.build-$major.XXXXXX")
trap 'rm -rf "$build"' EXIT
exec 3>&1 1>&2					# stdout carries the path alone

say "fetching the source of postgresql-$major from Debian ($suites)"
mkdir -p "$build"/apt/{sources,lists/partial,cache/archives/partial}
cat > "$build/apt/sources/debian.sources" <<EOF
Types: deb-src
URIs: ${DEBIAN_MIRROR:-http://deb.debian.org/debian}
Suites: $suites
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
apt=(apt-get -qq
	-o Dir::Etc::SourceList=/dev/null
	-o Dir::Etc::SourceParts="$build/apt/sources"
	-o Dir::State::Lists="$build/apt/lists"
	-o Dir::Cache="$build/apt/cache"
	-o APT::Sandbox::User=)
"${apt[@]}" update
cd "$build"
"${apt[@]}" source --download-only "postgresql-$major"
# apt has checked it.  Without Debian's patches, which nail down paths: the
# tree is moved after the installation.
dpkg-source --no-check --skip-patches -x "postgresql-${major}"_*.dsc src > dpkg-source.log

say "building PostgreSQL $major (several minutes)"
cd src
# The tests need no ICU, readline or zlib; a moved tree wants no rpath.
build_and_install()
{
	local jobs=-j${JOBS:-$(nproc)}

	nice ./configure --prefix="$prefix" --disable-rpath --without-icu \
		--without-readline --without-zlib \
		--enable-tap-tests --enable-cassert --enable-debug \
		CPPFLAGS=-DUSE_VALGRIND CFLAGS='-O2 -fno-omit-frame-pointer' &&
		nice make "$jobs" &&
		nice make install DESTDIR="$build/root" &&
		nice make -C contrib/postgres_fdw "$jobs" install DESTDIR="$build/root" &&
		nice make -C contrib/dblink "$jobs" install DESTDIR="$build/root" &&
		cp src/tools/valgrind.supp "$build/root$prefix/share/"
}

if ! build_and_install > "$build/log" 2>&1 < /dev/null; then
	tail -n 40 "$build/log"
	die "PostgreSQL $major did not build"
fi

# Another run may have finished first: its tree is as good as ours.
mv -T "$build/root$prefix" "$prefix" 2>/dev/null || [ -x "$prefix/bin/pg_config" ]
echo "$prefix/bin/pg_config" >&3
