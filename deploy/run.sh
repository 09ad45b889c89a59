#!/usr/bin/env bash
# make run: builds what changed (the front end's packages and the Go build side by side) and starts the demo.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
need_go; need_node
start=$(date +%s)
echo "building (the first time takes a minute or two) …"
# Warm the Go build cache while npm works; the program itself is linked once the console is there.
(CGO_ENABLED=0 go build -trimpath ./config/... ./model/... ./service/... ./api/... ) & go=$! # no program among them: nothing is linked twice
build_console
wait $go
build_go
echo "built in $(($(date +%s) - start)) s"
exec bin/loudou demo
