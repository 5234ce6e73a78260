#!/usr/bin/env bash
# Packs a built program, with all that belongs to it, as an archive and as a package of Debian's.
#
# usage: dist.sh PROGRAM OUTPUT
#
# OUTPUT gets gowasm-fast-VERSION-linux-PROCESSOR.tar.gz, gowasm-fast_VERSION_PROCESSOR.deb and their SHA256SUMS. The
# same program gives the same bytes, whoever packs it, where and when: names are sorted, all files are root's, and their
# time is that of the last commit, or SOURCE_DATE_EPOCH. LEVEL, from 1 to 9, is how well the packages are compressed;
# MANUAL_TOOL and PARSER are as for install.sh.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC

here=$(cd "$(dirname "$0")" && pwd)
level=${LEVEL:-9}
program=$1
mkdir -p "$2"
output=$(cd "$2" && pwd)
version=$("$program" --version)
version=${version##* }
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pack() { # options and names for tar
    tar --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$@" |
        gzip "-${level}n"
}

archive=gowasm-fast-$version
"$here/install.sh" "$program" "$work/$archive"
pack -C "$work" "$archive" >"$output/$archive-linux-$(uname -m).tar.gz"

# Debian's policy has manuals and changelogs compressed, and zsh look for completions of packages elsewhere.
package=$work/package
ZSH_FOLDER=share/zsh/vendor-completions "$here/install.sh" "$program" "$package/usr"
maintainer=${DEB_MAINTAINER:-the authors of gowasm-fast <gowasm-fast@localhost>}
documents=$package/usr/share/doc/gowasm-fast
printf 'gowasm-fast (%s) unstable; urgency=medium\n\n  * See changelog.md.gz.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" >"$documents/changelog"
gzip -9n "$documents/changelog" "$documents/changelog.md"
for page in "$package"/usr/share/man/man1/*.1; do
    if [[ -L $page ]]; then
        ln -s "$(readlink "$page").gz" "$page.gz"
        rm "$page"
    else
        gzip -9n "$page"
    fi
done
processor=$(dpkg --print-architecture)
# The newest version of the C library that a symbol is of.
library=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -V | tail -1)
size=$(find "$package" -type f -printf '%s\n' | awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }')
mkdir "$package/DEBIAN"
(cd "$package" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
cat >"$package/DEBIAN/control" <<CONTROL
Package: gowasm-fast
Version: $version
Architecture: $processor
Maintainer: $maintainer
Installed-Size: $size
Depends: libc6 (>= ${library#GLIBC_}), libgcc-s1
Recommends: libcurl4, ca-certificates, libidn2-0
Suggests: wabt, binutils
Section: interpreters
Priority: optional
Description: runs Go's programs for WebAssembly, without a JavaScript engine
 Programs that Go or TinyGo compiled with GOOS=js or GOOS=wasip1 are run from
 the command line, in a sandbox: they get files, environment variables and the
 network only as options say. Links for 'go run' and 'go test' are included.
CONTROL
# More than one thread may cut what is compressed in another way.
DPKG_DEB_THREADS_MAX=1 dpkg-deb --root-owner-group -Zxz "-z$level" \
    --build "$package" "$output/gowasm-fast_${version}_$processor.deb" >/dev/null
(cd "$output" && sha256sum -- *.deb *.tar.gz >SHA256SUMS)
