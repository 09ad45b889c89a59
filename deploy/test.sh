#!/usr/bin/env bash
# make test: installs what the tests need, starts private servers, runs Go, front-end, Mini Program and browser
# tests, and ends with one line that counts them. LOUDOU_TEST_SCALE=full (make soak) runs them at full length.
set -uo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
. deploy/servers.sh
need_go; need_node
install_packages gcc libc6-dev mariadb-server redis-server chromium fonts-noto-cjk || exit 1
# Reports are opened by LibreOffice; where it cannot be had, those tests say SKIP.
install_packages libreoffice-writer-nogui libreoffice-calc-nogui && LOUDOU_TEST_OFFICE=$(command -v soffice) && export LOUDOU_TEST_OFFICE
export LOUDOU_TEST_SCALE=${LOUDOU_TEST_SCALE:-short}
trap stop_servers EXIT
trap 'exit 130' INT TERM
start_servers "$(memory_dir)" || exit 1
rm -rf test-output && mkdir -p test-output
install_console && (cd web/console && npm run --silent check) && build_console || exit 1
install_miniprogram && (cd web/miniprogram && npm run --silent build) || exit 1
build_go || exit 1
limit=70m; [ "$LOUDOU_TEST_SCALE" = full ] && limit=12h
node deploy/test.mjs "$limit"
