#!/usr/bin/env bash
# PostgreSQL with the extension in one file, for a machine that has neither.
#
#   test/gpu/pack.sh            writes build/gpu/server/server.tar.gz
#   test/gpu/pack.sh --sources  prints what the sources are recognised by
#
# Programs come with every library they need, down to the C library and its
# loader, and are started by that loader: the other machine may have a newer C
# library, or an older one.  Only tnfr_pg_device runs on that machine's own,
# because it loads that machine's driver.  PG_CONFIG names the server to pack.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../scripts/common.sh
. "$here/../../scripts/common.sh"
set -euo pipefail

programs=(postgres initdb pg_ctl pg_config psql)
modules=(plpgsql dict_snowball tnfr_pg)

sources()
{
	find src sql cuda tnfr_pg.control -type f ! -name '*.[do]' -print0 | LC_ALL=C sort -z |
		xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# need FILE...: every library that these load, and the loader
need()
{
	ldd "$@" | awk '$3 ~ "^/" { print $3 } $1 ~ "^/.*/ld-" { print $1 }' | sort -u
}

# wrap PROGRAM ROOT: what starts it; ROOT is relative to the programs
wrap()
{
	cat <<END
#!/bin/sh
root=\${0%/*}/$2
exec "\$root/libraries/loader" --library-path "\$root/libraries" --argv0 "\$0" \\
	"\$root/programs/$1" "\$@"
END
}

# pack_server ROOT: from the sandbox's copy
pack_server()
{
	local root=$1 bin lib share program module library up
	bin=$("$PG_CONFIG" --bindir)
	lib=$("$PG_CONFIG" --pkglibdir)
	share=$("$PG_CONFIG" --sharedir)
	bin=${bin#"$sandbox/server"}
	lib=${lib#"$sandbox/server"}
	share=${share#"$sandbox/server"}

	mkdir -p "$root"/{libraries,programs} "$root$bin" "$root$lib" "$root$share"
	cp -rL "$sandbox/server$share/." "$root$share/"
	rm -rf "$root$share/man"
	for module in "${modules[@]}"; do
		cp -L "$sandbox/server$lib/$module.so" "$root$lib/"
	done
	# shellcheck disable=SC2046
	cp -L $(find "$sandbox/server$lib" -name 'tnfr_pg_*') "$root$lib/"

	for program in "${programs[@]}"; do
		cp -L "$sandbox/server$bin/$program" "$root/programs/"
	done
	"${CC:-cc}" -O3 -o "$root/programs/rmat" test/bench/rmat.c
	up=$(realpath -m --relative-to="$root$bin" "$root")
	for program in "${programs[@]}" rmat; do
		wrap "$program" "$up" > "$root$bin/$program"
		chmod 755 "$root$bin/$program"
	done

	for library in $(need "$root"/programs/* "$root$lib"/*.so); do
		case $library in
			*/ld-*) cp -L "$library" "$root/libraries/loader" ;;
			*) cp -L "$library" "$root/libraries/" ;;
		esac
	done
	sources > "$root/sources"
}

case ${1:-} in
	--sources) sources; exit ;;
	'') ;;
	*) die "unknown argument \"$1\"" ;;
esac

scripts/deps.sh build
make_sandbox
say "packing"
pack_server "$sandbox/pack/server"
mkdir -p build/gpu/server
tar -C "$sandbox/pack" --owner=0 --group=0 --sort=name -cf - server | gzip -9n > build/gpu/server/server.tar.gz
say "build/gpu/server/server.tar.gz: $(du -h build/gpu/server/server.tar.gz | cut -f1)"
