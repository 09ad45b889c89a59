#!/usr/bin/env bash
# make check: format, vet, linters, import directions, generated files up to date, the two READMEs alike,
# known vulnerabilities where a database of them can be reached.
set -uo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
need_go; need_node
failed=0
step() { # step NAME CMD…
  local name=$1 out; shift
  if out=$("$@" 2>&1); then echo "ok    $name"; else echo "FAIL  $name"; printf '%s\n' "$out" | tail -n 40; failed=1; fi
}
gofmt_clean() { local x; x=$(gofmt -l $(git ls-files '*.go')); [ -z "$x" ] || { echo "run gofmt -w on:"; echo "$x"; return 1; }; }
generated() { bash deploy/generate.sh && git diff --exit-code -- web/console/openapi.json web/console/src/api/schema.d.ts web/miniprogram/miniprogram/lib/schema.d.ts; }
# The vulnerability database is not on every machine's network: that is told, and is no failure.
vulnerabilities() {
  local out code
  out=$(timeout 120 go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1); code=$?
  if [ $code = 0 ]; then echo "ok    govulncheck"
  elif grep -qiE 'fetching vulnerabilities|no such host|connection refused|timeout|forbidden|proxyconnect|dial tcp' <<<"$out" || [ $code = 124 ]; then echo "not checked: known vulnerabilities (their database cannot be reached)"
  else echo "FAIL  govulncheck"; printf '%s\n' "$out" | tail -n 40; failed=1; fi
}
step "gofmt" gofmt_clean
step "go vet" go vet ./...
step "staticcheck" go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
step "import directions" go test -count=1 -run 'TestImports' ./cmd/loudou
install_console || failed=1
step "vue-tsc" bash -c 'cd web/console && npm run --silent check'
install_miniprogram || failed=1
step "tsc, Mini Program" bash -c 'cd web/miniprogram && npm run --silent check'
step "generated files" generated
step "READMEs say the same" node deploy/readme.mjs
step "scripts parse" bash -c 'for f in deploy/*.sh .ci/run; do bash -n "$f" || exit 1; done'
vulnerabilities
[ $failed = 0 ] && echo "check: all clean" || echo "check: failed"
exit $failed
