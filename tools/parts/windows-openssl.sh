#!/usr/bin/env bash
# windows-openssl.sh OUT SOURCE - OpenSSL as static libraries for Windows. Run by tools/setup.sh; one to two minutes.
#
# Left out is what a TLS 1.2 and 1.3 of today does not use: older protocols and DTLS, ciphers and digests that no server
# asks for, certificate management, engines and modules that would be loaded from the disk, a configuration file that
# somebody else could write, and the command-line tools.
set -euo pipefail
out=$1
. "$2/tools/parts/apt-source.sh"

# The version that is installed; where the archive has it no more, the newest of the same series (3.0.x), whose
# releases only mend. Debian's patches are of its own packages, so the sources are taken as they are published.
installed=$(dpkg-query -W -f '${source:Version}' libssl-dev)
series() { sed -E 's/^([0-9]+:)?([0-9]+\.[0-9]+)\..*/\2/'; }
versions() {
    printf '%s\n' "$installed"
    own_apt apt-cache showsrc --only-source openssl | sed -n 's/^Version: //p' | sort -uVr | while read -r other; do
        if [ "$(series <<<"$other")" = "$(series <<<"$installed")" ]; then printf '%s\n' "$other"; fi
    done
}
got=
for version in $(versions); do
    if own_apt apt-get source --download-only --only-source --tar-only "openssl=$version"; then
        got=$version
        break
    fi
done
if [ -z "$got" ]; then
    echo "The source of openssl $installed cannot be had, nor a newer one: upgrade libssl-dev and run this again."
    exit 1
fi
mkdir openssl
tar xf "openssl_$(sed -E 's/^[0-9]+://; s/-[^-]*$//' <<<"$got").orig.tar.gz" -C openssl --strip-components=1

off="shared tests engine deprecated legacy module dso autoload-config ui-console filenames makedepend async
    ssl3 ssl3-method tls1 tls1-method tls1_1 tls1_1-method dtls dtls1-method dtls1_2-method weak-ssl-ciphers
    nextprotoneg srp srtp psk comp multiblock
    aria bf blake2 camellia cast des idea md4 mdc2 ocb rc2 rc4 rmd160 scrypt seed siphash siv sm2 sm3 sm4 whirlpool
    dsa dh ec2m gost cmp cms ct ocsp rfc3779 ts capieng padlockeng"
cd openssl
export SOURCE_DATE_EPOCH=0 CFLAGS=-Os # what is made does not depend on when; the inner loops are assembly in any case
# shellcheck disable=SC2046,SC2086 # a list of words
perl Configure mingw64 --prefix="C:/Program Files/OpenSSL" --openssldir="C:/Program Files/Common Files/SSL" \
    --cross-compile-prefix=$cross- CC="$(basename "$cc" | sed "s/^$cross-//")" $(printf 'no-%s ' $off)
make -j "$(nproc)" build_generated
make -j "$(nproc)" libssl.a libcrypto.a
mkdir -p "$out/lib" "$out/include/openssl"
cp libssl.a libcrypto.a "$out/lib"
cp include/openssl/*.h "$out/include/openssl"
cp LICENSE.txt "$out/openssl.copyright"
printf 'openssl %s\n' "$got" >"$out/VERSIONS"
