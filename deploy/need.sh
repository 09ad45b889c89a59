#!/usr/bin/env bash
# Sourced by the other scripts: says in one line what a machine lacks and how to get it.
need() { echo "loudou: $1" >&2; exit 1; }

# How Go builds here, in every script alike, so that all share one build cache. gin's MessagePack binding, of
# which nothing is used, and debug tables, which the linker strips anyway, would be a quarter of a cold build.
# go-redis is the largest package by far and spends its time waiting for a socket: compiled without inlining it
# takes half as long.
export GOFLAGS="${GOFLAGS:+$GOFLAGS }-tags=nomsgpack -gcflags=all=-dwarf=false '-gcflags=github.com/redis/go-redis/v9=-dwarf=false -l'"
# compile CMD… runs Go with a compiler that collects its garbage less often: a cold build is a sixth shorter, for
# some hundred MB more while it lasts.
compile() { GOGC="${GOGC:-400}" "$@"; }

# version_at_least HAVE WANT
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

need_go() {
  command -v go >/dev/null || need "Go is missing: install Go 1.26 or newer and put its bin folder on PATH"
  local have; have=$(go env GOVERSION | sed 's/^go//')
  version_at_least "$have" 1.26 || need "Go $have is too old: install Go 1.26 or newer"
}

need_node() {
  command -v node >/dev/null || need "Node.js is missing: install Node.js 20.19 or newer (20 LTS or 22)"
  command -v npm >/dev/null || need "npm is missing: it comes with Node.js; on Debian apt-get install npm"
  local have; have=$(node --version | sed 's/^v//')
  version_at_least "$have" 20.19 || need "Node.js $have is too old: install Node.js 20.19 or newer"
}

# as_root CMD… runs with the rights to install packages.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else need "root or sudo is needed for: $*"; fi; }

# install_npm DIR [build] puts a folder's packages in place, once per lock file; with "build" only what building it
# needs, and whoever tests it gets the rest later.
install_npm() {
  local dir=$1 want=${2:-all} lock have
  lock=$(sha256sum $dir/package-lock.json | cut -d' ' -f1)
  have=$(cat $dir/node_modules/.stamp 2>/dev/null) || true
  [ "$have" != "$lock all" ] && [ "$have" != "$lock $want" ] || return 0
  (cd $dir && npm ci $([ "$want" = build ] && echo --omit=dev) --no-audit --no-fund --loglevel=error) && echo "$lock $want" >$dir/node_modules/.stamp
}
install_console() { install_npm web/console "$@"; }
install_miniprogram() { install_npm web/miniprogram; }

# build_console builds the console, once per state of its sources.
build_console() {
  local dir=web/console stamp
  install_console build
  stamp=$(cd $dir && find src public index.html package-lock.json vite.config.* tsconfig*.json -type f 2>/dev/null | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
  if [ "$(cat $dir/dist/.stamp 2>/dev/null)" != "$stamp" ] || [ ! -f $dir/dist/index.html ]; then
    (cd $dir && npm run --silent build >/tmp/loudou-console-build.$$ 2>&1) || { cat /tmp/loudou-console-build.$$ >&2; rm -f /tmp/loudou-console-build.$$; return 1; }
    rm -f /tmp/loudou-console-build.$$
    echo "$stamp" >$dir/dist/.stamp
  fi
}

# build_go builds both programs into bin/. The console is embedded, so it is built before.
build_go() {
  local v; v=$(git describe --tags --always --dirty 2>/dev/null || echo dev)
  CGO_ENABLED=0 compile go build -trimpath -ldflags "-s -w -X main.version=$v" -o bin/ ./cmd/loudou ./cmd/fakewechat
}
