#!/usr/bin/env bash
# make run: builds what changed (the front end's packages and the Go build side by side) and starts the demo.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
need_go; need_node
start=$(date +%s)
echo "building (the first time takes a minute or two) …"
# Warm Go's build cache while npm works: the large standard packages while the modules are still on the wire
# (listing fetches them), then everything but the two programs, which are linked once the console is there.
warm() {
  go list -e -deps -f '{{.ImportPath}}' ./cmd/loudou ./cmd/fakewechat | grep -vE '^loudou/(cmd|web)' | {
    export CGO_ENABLED=0
    compile go build -trimpath net/http net/http/httptest database/sql html/template image/jpeg image/png encoding/gob encoding/xml log/slog
    compile xargs go build -trimpath
  }
}
warm & go=$!
build_console
wait $go
build_go
echo "built in $(($(date +%s) - start)) s"
exec bin/loudou demo
