#!/usr/bin/env bash
# make generate: the OpenAPI document from the doors, the console's and the Mini Program's types from the document.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
need_go; need_node; install_console
go run ./cmd/loudou openapi >web/console/openapi.json.new
mv web/console/openapi.json.new web/console/openapi.json
(cd web/console && npm run --silent api)
mini=$(mktemp --suffix=.json); trap 'rm -f "$mini"' EXIT
node deploy/minischema.mjs web/console/openapi.json >"$mini"
(cd web/console && npx openapi-typescript "$mini" -o ../miniprogram/miniprogram/lib/schema.d.ts)
