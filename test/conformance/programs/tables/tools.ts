/** Compilers, version control, databases, editors, package managers. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const HELLO_C = `cd /tmp; cat > h.c <<'E'\n#include <stdio.h>\n#include <stdlib.h>\n#include <math.h>\nint main(int argc, char **argv) { printf("hello %d %.4f\\n", argc, sqrt(argc + 1.0)); return argc; }\nE\n`;
const HELLO_CC = `cd /tmp; cat > h.cc <<'E'\n#include <iostream>\n#include <map>\n#include <stdexcept>\n#include <string>\n#include <vector>\n#include <algorithm>\nint main() { std::map<std::string, int> m{{"b", 2}, {"a", 1}}; for (auto &[k, v] : m) std::cout << k << v << '\\n'; std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end()); std::cout << v[0] << std::endl; try { throw std::runtime_error("thrown"); } catch (const std::exception &e) { std::cout << e.what() << '\\n'; } }\nE\n`;
const GIT =
  "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='1000000000 +0000' GIT_COMMITTER_DATE='1000000000 +0000' GIT_CONFIG_NOSYSTEM=1; cd /tmp; git init -q -b main r; cd r; echo one > f; git add f; git commit -qm first\n";
const INDEX = {
  paths: ["/tmp/r/.git/index", "/tmp/c/.git/index"],
  reason: "the index holds inode numbers and times",
};

export const TOOL_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "gcc", tree: "full", shell: "dash", timeoutMs: 120_000 },
    {
      "compile, link and run C": `${HELLO_C}gcc -o h h.c -lm; echo $?; ./h a b; echo $?`,
      "optimised, static, with warnings": `${HELLO_C}gcc -Wall -O2 -static -o h h.c -lm && ./h; gcc -O2 -S -o - h.c | head -n 3; gcc -c h.c -o h.o; nm h.o; size h.o | tail -n 1 | cut -f 1; objdump -d h.o | tail -n 3; ar rcsD l.a h.o; ar t l.a; strip h.o; readelf -h h.o | head -n 5`,
      errors: `cd /tmp; echo 'int main() { return x; }' > b.c; gcc b.c; echo $?; echo 'int f(void);int main() { return f(); }' > u.c; gcc -o u u.c 2>&1 | grep -c undefined; gcc nothere.c; echo $?`,
      preprocessor:
        "cd /tmp; printf '#define A(x) x+x\\n#ifdef B\\nA(1)\\n#else\\nA(2)\\n#endif\\n' > p.c; gcc -E -P p.c; gcc -E -P -DB p.c; cpp -dM < /dev/null | wc -l; echo '#include <stdio.h>' | gcc -E - | wc -l",
    },
  ),
  ...casesOf(
    { program: "g++", tree: "full", shell: "dash", timeoutMs: 180_000 },
    {
      "compile, link and run C++": `${HELLO_CC}g++ -std=c++17 -o h h.cc; echo $?; ./h`,
    },
  ),
  ...casesOf(
    { program: "make", tree: "full", shell: "dash" },
    {
      "rules and variables":
        "cd /tmp; printf 'A := $(shell echo sh)\\nall: x y\\n\\t@echo all $(A) $^\\n%%: %%.in\\n\\tcp $< $@\\n.PHONY: all\\n' > Makefile; echo 1 > x.in; echo 2 > y.in; make; make; touch -d '+1 hour' x.in; make -n; make -j2 -s; make nosuch; echo $?; printf 'f:\\n\\tfalse\\n' > M2; make -f M2; echo $?; make --version | head -n 1",
    },
  ),
  ...casesOf(
    { program: "git", tree: "full", shell: "dash", ignored: INDEX },
    {
      "init, add, commit, log": `${GIT}git log --format='%H %s'; echo two >> f; git diff; git status --short; git commit -qam second; git log --oneline; git show --stat; git cat-file -p HEAD`,
      "branch, merge, rebase, tag": `${GIT}git checkout -qb side; echo side > s; git add s; git commit -qm side; git checkout -q main; echo more >> f; git commit -qam more; git merge -q -m merge side; git log --graph --format=%s; git tag -a -m t v1; git describe; git branch -v; git checkout -q -b conflict HEAD~1; echo other >> f; git commit -qam other; git merge main; echo $?; git status | head -n 5; git merge --abort; git rebase -q main; echo $?; git rebase --abort; git stash list; git blame -s f`,
      "clone by path, push, gc": {
        run: `${GIT}cd ..; git clone -q r c; cd c; git log --oneline; echo three > g; git add g; git commit -qm third; git push -q origin HEAD:other; cd ../r; git branch; git gc -q; git fsck; git count-objects -v | grep packs; git archive HEAD | tar t; git grep -n one; git rev-list --count --all; git bundle create ../b HEAD 2>/dev/null; git bundle verify ../b | head -n 1`,
        ignored: {
          paths: ["/tmp/r/.git", "/tmp/c/.git", "/tmp/b"],
          reason: "packs depend on threads and times",
        },
      },
    },
  ),
  ...casesOf(
    { program: "sqlite3", tree: "full", shell: "dash" },
    {
      "tables, joins, transactions":
        "cd /tmp; sqlite3 db \"create table t(a integer primary key, b text); insert into t(b) values('x'),('y'),('z'); select * from t where a > 1; begin; delete from t; rollback; select count(*), group_concat(b) from t; create index i on t(b); explain query plan select * from t where b='y'; pragma integrity_check; pragma journal_mode=wal; insert into t(b) select b||b from t; select sum(a), max(b) from t;\"; sqlite3 -csv -header db 'select * from t'; sqlite3 db .schema .dump; sqlite3 db 'selec'; echo $?; with= sqlite3 :memory: 'with recursive c(x) as (select 1 union all select x+1 from c where x<1000) select sum(x) from c; select json_extract(\\'{\"a\":[1,2]}\\', \\'$.a[1]\\');' 2>&1",
    },
  ),
  ...casesOf(
    { program: "openssl", tree: "full", shell: "dash" },
    {
      "dgst, enc, base64":
        "cd /tmp; seq 1000 > n; for d in md5 sha1 sha256 sha512 sha3-256 blake2b512; do openssl dgst -$d n; done; openssl dgst -sha256 -hmac key n; openssl enc -aes-256-cbc -pbkdf2 -S 0011223344556677 -k pw -in n -out e; openssl dgst -md5 e; openssl enc -d -aes-256-cbc -pbkdf2 -k pw -S 0011223344556677 -in e | cmp - n; openssl base64 -in n -out b; head -n 1 b; openssl version | cut -d' ' -f1,2; openssl enc -chacha20 -K 00 -iv 00 -in n | openssl dgst -sha1; openssl rand 8 | wc -c; openssl passwd -6 -salt abc pw; openssl prime 97",
      "keys and certificates": {
        run: "cd /tmp; openssl genrsa -out k 1024 2>/dev/null; openssl rsa -in k -check -noout; openssl req -new -x509 -key k -subj /CN=x -days 10 -out c; openssl x509 -in c -noout -subject; openssl ecparam -name prime256v1 -genkey -noout -out ec; echo hi > m; openssl dgst -sha256 -sign ec -out s m; openssl ec -in ec -pubout -out p 2>/dev/null; openssl dgst -sha256 -verify p -signature s m; openssl verify -CAfile c c",
        ignored: { paths: ["/tmp"], reason: "keys are random" },
      },
    },
  ),
  ...casesOf(
    { program: "jq, bc, m4, ed, patch, file", tree: "full", shell: "dash" },
    {
      jq: "echo '{\"a\":[1,2,{\"b\":null}],\"c\":\"x\\u00e9\"}' | jq -c '.a[2], (.a|length), .c, [.a[]|numbers|.*2]'; echo '[3,1,2]' | jq -c 'sort, add, map(select(.>1))'; echo '{' | jq .; echo $?",
      "bc and dc":
        "echo 'scale=20; 4*a(1); 2^100; sqrt(2)' | bc -l; echo 'define f(n) { if (n<2) return 1; return n*f(n-1); } f(50)' | bc",
      "m4, ed, patch, file, zip, rsync, tree, xargs":
        "cd /tmp; echo 'define(A,b)A eval(2+3) A' | m4; seq 5 > n; printf '2s/2/two/\\nw\\nq\\n' | ed -s n; cat n; file n /bin/sh /usr/bin/python3 /etc | cut -c1-60; zip -qX a.zip n; unzip -p a.zip | cksum; mkdir s; cp n s; rsync -a s/ d/; rsync -ani s/ d/; tree d; sed s/3/x/ n | diff -u --label n --label n n - | patch n; cpio --version | head -n 1; xxd n 2>/dev/null; hexdump -C n | head -n 2; column -t n | head -n 1",
    },
  ),
  ...casesOf(
    { program: "dpkg", tree: "base", shell: "dash" },
    {
      query:
        "dpkg -l | wc -l; dpkg -s bash | head -n 3; dpkg -S /bin/bash; dpkg -L dash | head -n 3; dpkg --compare-versions 1.0 lt 1.1; echo $?; dpkg --print-architecture; dpkg-query -W -f '${Package} ${Version}\\n' bash dash; dpkg -s nosuch; echo $?",
      "build, install and remove a local package": {
        run: "cd /tmp; mkdir -p p/DEBIAN p/opt/hello; echo hi > p/opt/hello/f; printf 'Package: hello-local\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: x\\n' > p/DEBIAN/control; printf '#!/bin/sh\\necho configured $1\\n' > p/DEBIAN/postinst; chmod 755 p/DEBIAN/postinst; dpkg-deb --root-owner-group -b p h.deb; dpkg -c h.deb | tr -s ' ' | cut -d' ' -f1,2,6; dpkg -i h.deb; cat /opt/hello/f; dpkg -s hello-local | head -n 2; dpkg -r hello-local; ls /opt",
        ignored: {
          paths: ["/var/log", "/tmp/h.deb", "/var/lib/dpkg/status", "/var/cache"],
          reason: "logs and archives hold times",
        },
      },
    },
  ),
  ...casesOf(
    { program: "apt", tree: "base", shell: "dash", timeoutMs: 180_000 },
    {
      "apt-get install of a local package": {
        run: "cd /tmp; mkdir -p p/DEBIAN p/opt/hello; echo hi > p/opt/hello/f; printf 'Package: hello-local\\nVersion: 1.0\\nArchitecture: all\\nDepends: bash\\nMaintainer: a <a@b>\\nDescription: x\\n' > p/DEBIAN/control; dpkg-deb --root-owner-group -b p h.deb > /dev/null; rm -rf /var/lib/apt/lists/*; apt-get install -y -qq -o Dpkg::Use-Pty=0 ./h.deb; echo $?; cat /opt/hello/f; apt-cache policy hello-local | head -n 2; apt-mark showmanual | grep hello; apt-get remove -y -qq -o Dpkg::Use-Pty=0 hello-local; echo $?",
        ignored: {
          paths: ["/var/log", "/tmp/h.deb", "/var/lib/dpkg", "/var/cache", "/var/lib/apt"],
          reason: "logs, archives and caches hold times; a lock that is not written to is not copied up",
        },
      },
    },
  ),
  ...casesOf(
    {
      program: "vim",
      tree: "full",
      shell: "dash",
      ignored: { paths: ["/root/.viminfo"], reason: "holds times" },
    },
    {
      "edits without a terminal":
        "cd /tmp; seq 10 > n; vim -es -u NONE -c '%s/1/one/' -c '2,3d' -c 'normal Gohello' -c wq n; cat n; vim -es -u NONE -c 'echo 6*7' -c 'verbose echo has(\"unix\")' -c q; vim --version | head -n 1; ex -s n <<E\n1,2p\nq!\nE",
    },
  ),
  ...casesOf(
    { program: "less, nano, tmux, screen, htop", tree: "full", shell: "dash" },
    {
      "versions and plain use":
        "seq 3 | less; less --version | head -n 1; nano --version | head -n 1; tmux -V; screen --version; htop --version; tput -T xterm cols; tput -T xterm bold | od -c; infocmp -1 xterm | head -n 2; nano; echo $?; tmux ls; echo $?",
      "tmux runs a command":
        "tmux -f /dev/null new-session -d -x 80 -y 24 'echo in tmux; sleep 0.2; echo done > /tmp/o; sleep 0.2'; sleep 0.1; tmux list-sessions -F '#{session_name} #{window_width}'; sleep 0.6; cat /tmp/o; tmux kill-server 2>&1",
    },
  ),
];
