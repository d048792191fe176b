#!/usr/bin/env bash
# Writes the three hash-pinned sets again. Needs uv; names no registry in what it writes.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links pyproject.toml "$@"; }
compile --extra frames --extra statistics --extra cluster --extra test --extra lint --extra bench --extra build -o requirements/develop.txt
# The core takes its versions from the wider set, so that both hold one answer.
compile --extra build -c requirements/develop.txt -o requirements/core.txt
# Who the benchmarks are compared with: apart, so that nobody has to install them to develop.
compile --extra peers -c requirements/develop.txt -o requirements/peers.txt
