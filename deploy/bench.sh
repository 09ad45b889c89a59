#!/usr/bin/env bash
# make bench: every promised number against its reference, in the same run, on private MariaDB and Redis.
# A line each: name, ours, unit, reference, ratio (or the figure itself), bar, ok or below.
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
go test -run '^$' -bench BenchmarkBars -benchtime 1x -timeout 20m ./cmd/loudou/storytest >"$out" 2>&1 || { cat "$out"; exit 1; }
printf '%-34s %10s %-8s %10s %8s %6s\n' name ours '' reference ratio bar
sed -n 's/^.*BAR //p' "$out"
go test -run '^$' -bench BenchmarkTwenties -benchtime 1x -timeout 10m ./service/event >"$out" 2>&1 || { cat "$out"; exit 1; }
awk '/^BenchmarkTwenties/ { for (i = 2; i < NF; i++) { if ($(i+1) == "events/s") o = $i; if ($(i+1) == "yardstick/s") r = $i; if ($(i+1) == "ratio") q = $i }
  printf "%-34s %10.0f %-8s %10.0f %8.2f %6.2f  %s\n", "events in twenties, 64 connections", o, "events/s", r, q, 0.5, (q + 0 >= 0.5 ? "ok" : "below") }' "$out"
go test -run '^$' -bench BenchmarkDay -benchtime 1x -timeout 10m ./service/reconcile >"$out" 2>&1 || { cat "$out"; exit 1; }
awk '/^BenchmarkDay/ { for (i = 2; i < NF; i++) if ($(i+1) == "seconds") o = $i
  printf "%-34s %10.1f %-8s %10s %8.1f %6.0f  %s\n", "bill of 100 000 orders reconciled", o, "s", "-", o, 60, (o + 0 <= 60 ? "ok" : "below") }' "$out"
go test -run '^$' -bench BenchmarkRules -benchtime 1x -timeout 10m ./service/reply >"$out" 2>&1 || { cat "$out"; exit 1; }
awk '/^BenchmarkRules/ { for (i = 2; i < NF; i++) { if ($(i+1) == "ns-of-10000") o = $i; if ($(i+1) == "ns-of-100") r = $i; if ($(i+1) == "ratio") q = $i }
  printf "%-34s %10.0f %-8s %10.0f %8.2f %6.2f  %s\n", "10 000 rules, against 100", o, "ns", r, q, 2, (q + 0 <= 2 ? "ok" : "below") }' "$out"
