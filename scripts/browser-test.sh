#!/usr/bin/env bash
# The console in a real browser: against a fake API first, then against the real server with a real attack in it.
# Screenshots of the second part go to $SENTRA_SCREENSHOTS when that is set.
set -euo pipefail
cd "$(dirname "$0")/.."

chromium=$(command -v chromium || command -v google-chrome || true)
if [ -z "$chromium" ]; then
  echo "browser-test: no Chromium found; run scripts/setup.sh test" >&2
  exit 1
fi
export SENTRA_CHROMIUM=$chromium

# The same selection as the tests, so that nothing is compiled twice with other features.
cargo test --quiet --locked --workspace --no-run
sentra=${CARGO_TARGET_DIR:-target}/debug/sentra
data=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$data"
}
trap stop EXIT

(cd console && npm run --silent e2e)

"$sentra" serve --data "$data" --listen 127.0.0.1:0 --no-syslog >"$data.out" 2>"$data.err" &
server=$!
for _ in $(seq 1 150); do
  [ -s "$data/server.url" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$data.err" >&2; exit 1; }
  sleep 0.2
done
"$sentra" ingest --data "$data" examples/ssh-attack.log
SENTRA_LOGIN_URL=$("$sentra" login-link --data "$data")
export SENTRA_LOGIN_URL
(cd console && npx --no-install playwright test real)
rm -f "$data.out" "$data.err"
