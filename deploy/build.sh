#!/usr/bin/env bash
# make build: one self-contained binary, and the fake beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
need_go; need_node
build_console
build_go
