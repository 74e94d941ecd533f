#!/usr/bin/env bash
# Peers that tests run: rsyslog and syslog-ng, which send, and slapd, a directory. The Debian packages of the first two
# cannot be installed together, and that of slapd would start one: each is unpacked into a directory of its own. Python's
# exporters have an environment of their own. What cannot be had
# is said, and the tests that need it say SKIP. Quick when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${SENTRA_CACHE:-$HOME/.cache/sentra}/clients
mkdir -p "$cache"

skip() {
  echo "SKIP $*"
}

# unpack NAME PACKAGE...
unpack() {
  local name=$1 root=$cache/$1
  shift
  [ "$(cat "$root/.ready" 2>/dev/null || true)" != "$*" ] || return 0
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || { skip "$name: this is no Debian"; return 0; }
  echo "setup: unpacking $name (once)"
  rm -rf "$root"
  mkdir -p "$root/debs"
  # apt's own user may not write below a home directory.
  if ! (cd "$root/debs" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$@" >/dev/null 2>"$root/apt.log"); then
    skip "$name: its packages cannot be downloaded: $(tail -1 "$root/apt.log")"
    return 0
  fi
  local deb
  for deb in "$root"/debs/*.deb; do
    dpkg -x "$deb" "$root"
  done
  rm -rf "$root/debs"
  echo "$*" >"$root/.ready"
}

python_packages() {
  local wanted=("$@") venv=$cache/python
  [ "$(cat "$venv/.ready" 2>/dev/null || true)" != "${wanted[*]}" ] || return 0
  command -v python3 >/dev/null || { skip "python: there is no python3"; return 0; }
  echo "setup: installing Python's exporters (once)"
  rm -rf "$venv"
  if ! python3 -m venv "$venv" >/dev/null 2>&1; then
    skip "python: no virtual environment can be made; install the Debian package python3-venv"
    return 0
  fi
  if ! "$venv/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]}" </dev/null; then
    skip "python: the packages cannot be downloaded"
    return 0
  fi
  echo "${wanted[*]}" >"$venv/.ready"
}

unpack rsyslog rsyslog rsyslog-openssl rsyslog-elasticsearch libestr0 libfastjson4 liblognorm5 libcurl4
unpack syslog-ng syslog-ng-core syslog-ng-mod-http libivykis0 libnet1 libpcre3 libjson-c5 libwrap0 libglib2.0-0 libcurl4
unpack slapd slapd libldap-2.5-0 libltdl7 libsasl2-2 libwrap0 libnsl2 libtirpc3
python_packages opentelemetry-sdk==1.38.0 opentelemetry-exporter-otlp-proto-http==1.38.0 \
  opentelemetry-exporter-otlp-proto-grpc==1.38.0 elasticsearch==9.2.0
