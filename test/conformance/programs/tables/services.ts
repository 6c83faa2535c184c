/** Servers that talk to their clients on the loopback. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

export const SERVICE_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "redis", tree: "full", shell: "bash", timeoutMs: 90_000 },
    {
      "server and client": {
        run: "cd /tmp; redis-server --port 6379 --save '' --daemonize no > log 2>&1 & p=$!; for i in {1..100}; do redis-cli ping > /dev/null 2>&1 && break; sleep 0.1; done; redis-cli ping; redis-cli set a 1; redis-cli incr a; redis-cli lpush l x y z; redis-cli lrange l 0 -1; redis-cli hset h f v; redis-cli eval 'return redis.call(\"get\", \"a\")' 0; printf 'multi\\nset b 2\\nget b\\nexec\\n' | redis-cli; redis-cli --raw set t x ex 100; test $(redis-cli ttl t) -gt 90; echo $?; redis-cli dbsize; redis-cli save; redis-cli shutdown nosave; wait $p; echo $?",
        ignored: { paths: ["/tmp"], reason: "the log and the dump hold times" },
      },
    },
  ),
  ...casesOf(
    { program: "nginx", tree: "full", shell: "bash", timeoutMs: 90_000 },
    {
      "master and workers answer curl": {
        run: "cd /tmp; mkdir www; echo page > www/index.html; printf 'worker_processes 2; error_log /tmp/err; pid /tmp/pid; events {} http { access_log /tmp/acc; server { listen 127.0.0.1:8080; root /tmp/www; location /t { return 200 \"text\\\\n\"; } } }' > c; nginx -t -c /tmp/c; nginx -c /tmp/c; sleep 0.5; curl -s http://127.0.0.1:8080/; curl -s http://127.0.0.1:8080/t; curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8080/none; curl -sI http://127.0.0.1:8080/ | head -n 2; pgrep -c nginx; nginx -c /tmp/c -s quit 2>/dev/null; sleep 0.5; pgrep -c nginx; curl -s http://127.0.0.1:8080/; echo $?",
        ignored: { paths: ["/tmp", "/var/log/nginx"], reason: "logs hold times" },
      },
    },
  ),
  ...casesOf(
    { program: "postgresql", tree: "full", shell: "bash", timeoutMs: 300_000 },
    {
      "initdb, start, psql": {
        run: 'cd /tmp; B=/usr/lib/postgresql/15/bin; mkdir d; chown postgres d; su postgres -c "$B/initdb -D /tmp/d -A trust" > i 2>&1; echo $?; su postgres -c "$B/pg_ctl -D /tmp/d -o \'-k /tmp\' -l /tmp/d/log -w start" > s 2>&1; echo $?; psql -h 127.0.0.1 -U postgres -c \'create table t(a int); insert into t select generate_series(1,100); select sum(a) from t\'; su postgres -c "$B/pg_ctl -D /tmp/d -m fast -w stop" > s2; echo $?',
        ignored: { paths: ["/tmp"], reason: "a database holds times" },
      },
      "locks, indexes, a dump, a crash": {
        run: 'cd /tmp; B=/usr/lib/postgresql/15/bin; mkdir d; chown postgres d; su postgres -c "$B/initdb -D /tmp/d -A trust" > i 2>&1; S="$B/pg_ctl -D /tmp/d -o \'-k /tmp\' -l /tmp/d/log -w"; su postgres -c "$S start" > s 2>&1; export PGHOST=/tmp PGUSER=postgres; createdb shop; psql -q shop -c "create table t(id serial primary key, name text unique, n numeric); insert into t(name, n) select md5(i::text), i * 1.5 from generate_series(1, 2000) i; create index on t(n); analyze t"; psql -At shop -c "select count(*), sum(n), min(name), max(name) from t where n between 30 and 900"; psql -q shop -c "begin; update t set n = n + 1 where id = 1; select pg_sleep(1); commit" > /dev/null & sleep 0.3; psql -At shop -c "update t set n = n * 2 where id = 1 returning n"; wait $!; psql -At shop -c "insert into t(name) values (md5(\'1\'))" 2>&1; pg_dump shop --data-only --inserts | grep -c "^INSERT"; kill -9 $(head -n 1 d/postmaster.pid); sleep 1; su postgres -c "$S start" > s3 2>&1; echo $?; psql -At shop -c "select n from t where id = 1"; su postgres -c "$S -m immediate stop" > s2; echo $?',
        ignored: { paths: ["/tmp"], reason: "a database holds times" },
      },
    },
  ),
  ...casesOf(
    { program: "ipcs", tree: "full", shell: "bash" },
    {
      "ipcmk, ipcs, ipcrm":
        "ipcmk -M 10000 -p 640; ipcmk -S 3; ipcmk -Q; ipcmk -Q; ipcs | sed 's/0x[0-9a-f]*/key/; s/ *$//'; ipcs -u; ipcs -l; ipcs -s -i 0 | grep -v time; ipcrm -m 0; ipcrm -q 1; ipcrm -q 1; echo $?; ipcs -q | wc -l; ipcrm -a; wc -l /proc/sysvipc/*",
    },
  ),
  ...casesOf(
    { program: "socat, nc, curl, ss", tree: "full", shell: "bash" },
    {
      "unix and tcp":
        "cd /tmp; socat UNIX-LISTEN:/tmp/s,fork EXEC:cat & p=$!; sleep 0.5; echo unix | socat -t1 - UNIX-CONNECT:/tmp/s; kill $p; socat -u TCP-LISTEN:7000,reuseaddr - & sleep 0.5; echo tcp | nc -N 127.0.0.1 7000; wait; curl -s file:///etc/hostname | wc -l; curl -s http://127.0.0.1:1/; echo $?; nc -z 127.0.0.1 1; echo $?",
      "ip and ss":
        "ip -br link show lo | tr -s ' '; ip -4 addr show lo | grep inet; ip route; ss -tln | wc -l; ip -j link show lo | head -c 20",
    },
  ),
];
