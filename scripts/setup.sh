#!/usr/bin/env bash
# Installs what is missing: `setup.sh build` for building, `setup.sh test` for the checks as well.
# As root it installs Debian packages itself; otherwise it names them and stops.
set -euo pipefail
cd "$(dirname "$0")/.."

goal=${1:-build}
cache=${SENTRA_CACHE:-$HOME/.cache/sentra}
mkdir -p "$cache/tools"

fail() {
  echo "setup: $*" >&2
  exit 1
}

command -v cargo >/dev/null || fail "no Rust toolchain found: install Rust 1.95 or newer with rustup, then run this again"
command -v node >/dev/null || fail "no Node.js found: install Node.js 20.19 or newer, then run this again"
node_major=$(node --version | sed -E 's/^v([0-9]+).*/\1/')
node_minor=$(node --version | sed -E 's/^v[0-9]+\.([0-9]+).*/\1/')
[ "$node_major" -gt 20 ] || { [ "$node_major" -eq 20 ] && [ "$node_minor" -ge 19 ]; } ||
  fail "Node.js $(node --version) is too old: 20.19 or newer is needed"
rust_minor=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
[ "$rust_minor" -ge 95 ] || fail "$(rustc --version) is too old: 1.95 or newer is needed — run: rustup update"

missing=()
needs_command() { command -v "$1" >/dev/null || missing+=("$2"); }
needs_command cc gcc
needs_command c++ g++
needs_command make make
if [ "$goal" = test ]; then
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
  # Senders that the tests of the doors run.
  needs_command logger bsdutils
  needs_command curl curl
  needs_command snmptrap snmp
fi

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
  else
    fail "these Debian packages are missing: ${missing[*]} — run: sudo apt-get install ${missing[*]}"
  fi
fi

for component in rustfmt clippy; do
  [ "$goal" = build ] || cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 ||
    fail "the Rust component $component is missing — run: rustup component add $component"
done

if [ "$goal" = test ] && ! command -v cargo-deny >/dev/null && [ ! -x "$cache/tools/bin/cargo-deny" ]; then
  echo "setup: building cargo-deny (once)"
  CARGO_TARGET_DIR="$cache/tools-target" cargo install --quiet --locked --root "$cache/tools" --version 0.20.2 cargo-deny
  rm -rf "$cache/tools-target"
fi

if [ "$goal" = test ]; then
  ./scripts/clients.sh
  ./scripts/geoip.sh || true
fi
