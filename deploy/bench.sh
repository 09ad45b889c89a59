#!/usr/bin/env bash
# make bench: every promised number against its reference, in the same run, on private MariaDB and Redis.
# A line each: name, ours, unit, reference, ratio (or the figure itself), bar, ok or below. `bash deploy/bench.sh
# counting` measures the counting alone; docs/performance.md explains its rows. LOUDOU_BENCH_EVENTS is how many
# events are imported and asked about (10 000 000).
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/need.sh
. deploy/servers.sh
need_go; need_node
install_packages mariadb-server redis-server
trap stop_servers EXIT
trap 'exit 130' INT TERM
start_servers
build_console
out=$(mktemp); trap 'rm -f "$out"; stop_servers' EXIT
printf '%-50s %10s %-9s %10s %8s %7s\n' name ours '' reference ratio bar
bars() { # BENCHMARK PACKAGE: prints its lines as they come, and all it said when it fails
  go test -run '^$' -bench "$1" -benchtime 1x -timeout 40m "$2" 2>&1 | tee "$out" | sed -un 's/^.*BAR //p' || { cat "$out"; exit 1; }
}
bars BenchmarkCounting ./cmd/loudou/storytest
bars BenchmarkTenMillion ./service/figure
[ "${1:-}" = counting ] && exit 0
bars BenchmarkBars ./cmd/loudou/storytest
go test -run '^$' -bench BenchmarkDay -benchtime 1x -timeout 10m ./service/reconcile >"$out" 2>&1 || { cat "$out"; exit 1; }
awk '/^BenchmarkDay/ { for (i = 2; i < NF; i++) if ($(i+1) == "seconds") o = $i
  printf "%-50s %10.1f %-9s %10s %8.1f %7.0f  %s\n", "bill of 100 000 orders reconciled", o, "s", "-", o, 60, (o + 0 <= 60 ? "ok" : "below") }' "$out"
go test -run '^$' -bench BenchmarkRules -benchtime 1x -timeout 10m ./service/reply >"$out" 2>&1 || { cat "$out"; exit 1; }
awk '/^BenchmarkRules/ { for (i = 2; i < NF; i++) { if ($(i+1) == "ns-of-10000") o = $i; if ($(i+1) == "ns-of-100") r = $i; if ($(i+1) == "ratio") q = $i }
  printf "%-50s %10.0f %-9s %10.0f %8.2f %7.2f  %s\n", "10 000 rules, against 100", o, "ns", r, q, 2, (q + 0 <= 2 ? "ok" : "below") }' "$out"
go test -run '^$' -bench BenchmarkItem -benchtime 1x -timeout 15m ./service/overlap >"$out" 2>&1 || { cat "$out"; exit 1; }
awk '/^BenchmarkItem/ { for (i = 2; i < NF; i++) if ($(i+1) == "seconds") o = $i
  printf "%-50s %10.2f %-9s %10s %8.2f %7.0f  %s\n", "overlap of one of 5 000, slowest", o, "s", "-", o, 1, (o + 0 <= 1 ? "ok" : "below") }' "$out"
go test -run '^$' -bench BenchmarkSync -benchtime 1x -timeout 20m ./cmd/loudou >"$out" 2>&1 || { cat "$out"; exit 1; }
awk '/^BenchmarkSync/ { for (i = 2; i < NF; i++) { if ($(i+1) == "seconds") o = $i; if ($(i+1) == "MiB-grown") g = $i }
  printf "%-50s %10.0f %-9s %10s %8.0f %7.0f  %s\n", "all of 170 000 fans walked through", o, "s", "-", o, 300, (o + 0 <= 300 ? "ok" : "below")
  printf "%-50s %10.0f %-9s %10s %8.0f %7.0f  %s\n", "memory grown by it", g, "MiB", "-", g, 32, (g + 0 <= 32 ? "ok" : "below") }' "$out"
