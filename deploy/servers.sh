#!/usr/bin/env bash
# Sourced by test.sh and bench.sh: private, throw-away MariaDB and Redis on free ports, ended by stop_servers.
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }

install_packages() {
  local missing=() p
  for p in "$@"; do dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] && return
  echo "installing: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# memory_dir prints a folder in memory where it holds the tests' databases, else the usual one. Most of what a test waits
# for is the disk under its two hundred migrations (5 s each time, 0.6 s in memory). A killed process loses nothing here
# that it would keep on a disk; what is timed (bench.sh) stays on the disk.
memory_dir() {
  local free
  free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1)
  [ "${free:-0}" -ge 4000000 ] && [ "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" -ge 6000000 ] && [ -w /dev/shm ] && { echo /dev/shm; return; }
  echo "${TMPDIR:-/tmp}"
}

start_servers() { # [FOLDER]
  SERVERS=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/loudou-servers.XXXXXX")
  local my redis user=()
  my=$(free_port); redis=$(free_port)
  [ "$(id -u)" = 0 ] && user=(--user=root)
  mariadb-install-db --no-defaults --datadir="$SERVERS/my" "${user[@]}" --auth-root-authentication-method=normal >"$SERVERS/install.log" 2>&1
  mariadbd --no-defaults --datadir="$SERVERS/my" "${user[@]}" --socket="$SERVERS/my.sock" --bind-address=127.0.0.1 --port="$my" \
    --pid-file="$SERVERS/my.pid" --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci --skip-name-resolve \
    --innodb-flush-log-at-trx-commit=1 --innodb-buffer-pool-size=1G --innodb-log-file-size=256M --max-allowed-packet=64M --max-connections=400 \
    --sql-mode=STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION >"$SERVERS/my.log" 2>&1 &
  redis-server --port "$redis" --bind 127.0.0.1 --dir "$SERVERS" --save "" --appendonly no >"$SERVERS/redis.log" 2>&1 &
  REDIS_PID=$!
  local i
  for i in $(seq 100); do mariadb-admin --no-defaults -S "$SERVERS/my.sock" -u root ping >/dev/null 2>&1 && redis-cli -p "$redis" ping >/dev/null 2>&1 && break; sleep 0.2; done
  mariadb --no-defaults -S "$SERVERS/my.sock" -u root -e "CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY ''; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION"
  export LOUDOU_TEST_MYSQL="root@tcp(127.0.0.1:$my)/" LOUDOU_TEST_REDIS="redis://127.0.0.1:$redis/0"
}

stop_servers() {
  [ -n "${SERVERS:-}" ] || return 0
  mariadb-admin --no-defaults -S "$SERVERS/my.sock" -u root shutdown >/dev/null 2>&1 || kill -9 "$(cat "$SERVERS/my.pid" 2>/dev/null)" 2>/dev/null || true
  kill "${REDIS_PID:-0}" 2>/dev/null || true
  rm -rf "$SERVERS"
  SERVERS=
}
