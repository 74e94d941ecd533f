#!/usr/bin/env bash
# `console.sh install`: npm packages, only when package-lock.json changed since the last time.
set -euo pipefail
cd "$(dirname "$0")/../console"

stamp=node_modules/.installed
wanted=$(sha256sum package-lock.json package.json | sha256sum | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  npm ci --no-audit --no-fund --loglevel=error </dev/null
  echo "$wanted" >"$stamp"
fi
