#!/usr/bin/env bash
# Runs every target of fuzz/ for a number of seconds, and ends with the first that panics, hangs or takes too much memory.
#
#   ./scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds="${1:-60}"
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly" >&2
    exit 1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "fuzzing needs cargo-fuzz: cargo install --locked cargo-fuzz" >&2
    exit 1
fi

cargo +nightly fuzz build --fuzz-dir .
for target in $(cargo +nightly fuzz list --fuzz-dir .); do
    echo "== $target, $seconds s"
    cargo +nightly fuzz run --fuzz-dir . "$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1
done
