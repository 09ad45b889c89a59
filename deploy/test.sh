#!/usr/bin/env bash
# make test: installs what the tests need, starts private servers, runs Go, front-end and browser tests,
# and ends with one line that counts them. LOUDOU_TEST_SCALE=full (make soak) runs them at full length.
set -uo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
. deploy/servers.sh
need_go; need_node
install_packages gcc libc6-dev mariadb-server redis-server chromium fonts-noto-cjk || exit 1
export LOUDOU_TEST_SCALE=${LOUDOU_TEST_SCALE:-short}
trap stop_servers EXIT
trap 'exit 130' INT TERM
start_servers || exit 1
rm -rf test-output && mkdir -p test-output
install_console && (cd web/console && npm run --silent check) && build_console || exit 1
build_go || exit 1
limit=20m; [ "$LOUDOU_TEST_SCALE" = full ] && limit=12h
node deploy/test.mjs "$limit"
