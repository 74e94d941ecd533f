#!/usr/bin/env bash
# Dependency audit. Licences, bans and sources need no network; the advisory database does.
set -euo pipefail
cd "$(dirname "$0")/.."

# The check looks at every platform's crates, a build only at this one's.
cargo fetch --locked --quiet
cargo deny --offline check --hide-inclusion-graph bans licenses sources
if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
  cargo deny check --hide-inclusion-graph advisories
else
  echo "SKIP advisories: the RustSec advisory database cannot be reached from here"
fi
