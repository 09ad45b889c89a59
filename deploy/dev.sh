#!/usr/bin/env bash
# make dev: the demo's service, and Vite in front of it with hot reload of the console. Go sources are
# watched by their newest change: the service is built and started again when one is saved.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
need_go; need_node
build_console
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT TERM
(cd web/console && exec node node_modules/vite/bin/vite.js --host 127.0.0.1) & pids+=($!)
newest() { find cmd api service model config web/embed.go -name '*.go' -o -name '*.sql' | xargs stat -c %Y | sort -n | tail -1; }
while :; do
  build_go && { bin/loudou demo & demo=$!; pids+=("$demo"); seen=$(newest)
    while [ "$(newest)" = "$seen" ] && kill -0 "$demo" 2>/dev/null; do sleep 1; done
    kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; } || sleep 3
done
