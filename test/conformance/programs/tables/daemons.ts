/** Servers and daemons of the wild tree, with the clients that talk to them. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const COMMON = { tree: "wild", shell: "bash", timeoutMs: 120_000 } as const;
const SCRATCH = { paths: ["/tmp", "/run", "/var", "/root"], reason: "logs, keys and databases hold times" };
const LOCK_KEPT = "a lock that is not written to is not copied up";

const SSH = "-q -i /tmp/k -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";

export const DAEMON_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "mariadb", ...COMMON, ignored: SCRATCH },
    {
      "install, start, a transaction":
        "cd /tmp; mkdir d; chown mysql d; mariadb-install-db --user=mysql --datadir=/tmp/d --auth-root-authentication-method=normal > i 2>&1; echo $?; mariadbd --user=mysql --datadir=/tmp/d --socket=/tmp/s --pid-file=/tmp/pid --skip-networking > log 2>&1 & p=$!; for i in {1..100}; do mariadb-admin -S /tmp/s ping > /dev/null 2>&1 && break; sleep 0.2; done; mariadb -S /tmp/s -e 'create database x; use x; create table t(a int primary key, b varchar(20)) engine=innodb; insert into t values (1,\"a\"),(2,\"b\"); start transaction; update t set b=\"c\"; rollback; select * from t; select count(*) from information_schema.tables where table_schema=\"x\"'; mariadb-admin -S /tmp/s shutdown; wait $p; echo $?",
    },
  ),
  ...casesOf(
    { program: "apache2, lighttpd, haproxy", ...COMMON, ignored: SCRATCH },
    {
      "apache2 answers curl":
        "cd /tmp; mkdir w; echo page > w/index.html; M=/usr/lib/apache2/modules; printf \"ServerName x\\nServerRoot /etc/apache2\\nListen 127.0.0.1:8080\\nPidFile /tmp/pid\\nLoadModule mpm_event_module $M/mod_mpm_event.so\\nLoadModule authz_core_module $M/mod_authz_core.so\\nLoadModule dir_module $M/mod_dir.so\\nErrorLog /tmp/err\\nDocumentRoot /tmp/w\\nUser www-data\\nGroup www-data\\n<Directory /tmp/w>\\nRequire all granted\\n</Directory>\\n\" > c; apache2 -f /tmp/c -t; apache2 -f /tmp/c; for i in {1..100}; do curl -so /dev/null http://127.0.0.1:8080/ && break; sleep 0.1; done; curl -s http://127.0.0.1:8080/; curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8080/n; pgrep -c apache2; apache2 -f /tmp/c -k stop; sleep 1; pgrep -c apache2",
      "haproxy before busybox httpd":
        "cd /tmp; printf 'global\\n  stats socket /tmp/hs mode 600\\ndefaults\\n  mode http\\n  timeout client 5s\\n  timeout server 5s\\n  timeout connect 5s\\nfrontend f\\n  bind 127.0.0.1:8081\\n  default_backend b\\nbackend b\\n  server s 127.0.0.1:8082\\n' > c; haproxy -c -f c; mkdir w; echo back > w/index.html; cd w; busybox httpd -p 127.0.0.1:8082; haproxy -f /tmp/c & p=$!; for i in {1..100}; do curl -so /dev/null http://127.0.0.1:8081/ && break; sleep 0.1; done; curl -s http://127.0.0.1:8081/index.html; curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8081/none; kill $p; wait $p; echo $?",
      lighttpd:
        "cd /tmp; mkdir w; echo page > w/index.html; printf 'server.document-root=\"/tmp/w\"\\nserver.port=8080\\nserver.bind=\"127.0.0.1\"\\nindex-file.names=(\"index.html\")\\n' > c; lighttpd -tf c; lighttpd -Df c 2> log & p=$!; for i in {1..100}; do curl -so /dev/null http://127.0.0.1:8080/ && break; sleep 0.1; done; curl -s http://127.0.0.1:8080/; curl -sI http://127.0.0.1:8080/n | head -n 1; kill $p; wait $p; echo $?",
    },
  ),
  ...casesOf(
    { program: "memcached, mosquitto, dnsmasq, beanstalkd", ...COMMON, ignored: SCRATCH },
    {
      "over tcp and udp":
        "memcached -u nobody -l 127.0.0.1 -p 11211 & p=$!; for i in {1..100}; do nc -z 127.0.0.1 11211 && break; sleep 0.1; done; printf 'set a 0 0 5\\r\\nhello\\r\\nget a\\r\\nincr b 1\\r\\nquit\\r\\n' | nc -q 1 127.0.0.1 11211; kill $p; wait $p; echo $?; mosquitto -p 1883 2>/dev/null & p=$!; for i in {1..100}; do nc -z 127.0.0.1 1883 && break; sleep 0.1; done; python3 -c 'import socket; s = socket.create_connection((\"127.0.0.1\", 1883)); s.sendall(bytes.fromhex(\"100d00044d5154540402003c000161\")); print(s.recv(9).hex())'; kill $p; wait $p; echo $?; dnsmasq -k --no-resolv --port 5353 --listen-address=127.0.0.1 --bind-interfaces --address=/x.test/10.1.2.3 -u root --pid-file=/tmp/p 2>/dev/null & p=$!; sleep 0.5; python3 -c 'import socket; s = socket.socket(2, 2); s.settimeout(3); s.sendto(b\"\\x12\\x34\\x01\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1x\\4test\\0\\0\\1\\0\\1\", (\"127.0.0.1\", 5353)); print(s.recv(500).hex())'; kill $p; wait $p; echo $?; beanstalkd -l 127.0.0.1 & p=$!; for i in {1..100}; do nc -z 127.0.0.1 11300 && break; sleep 0.1; done; printf 'put 0 0 5 3\\r\\nabc\\r\\nreserve\\r\\nquit\\r\\n' | nc -q 1 127.0.0.1 11300; kill $p; wait $p; echo $?",
    },
  ),
  ...casesOf(
    { program: "openssh", ...COMMON, ignored: { ...SCRATCH, paths: [...SCRATCH.paths, "/etc/ssh"] } },
    {
      "ssh and scp with keys to sshd": `ssh-keygen -q -t ed25519 -N '' -f /tmp/k; mkdir -p /run/sshd /root/.ssh; cp /tmp/k.pub /root/.ssh/authorized_keys; chmod 600 /root/.ssh/authorized_keys; ssh-keygen -q -t ed25519 -N '' -f /tmp/host; $(which sshd) -h /tmp/host -p 2222 -o ListenAddress=127.0.0.1 -o PidFile=/tmp/pid; for i in {1..100}; do nc -z 127.0.0.1 2222 && break; sleep 0.1; done; ssh ${SSH} -p 2222 127.0.0.1 'echo remote $USER; cat; exit 7' <<< in; echo $?; ssh ${SSH} -tt -p 2222 127.0.0.1 'tty; stty size' < /dev/null; echo hi > /tmp/f; scp ${SSH} -P 2222 /tmp/f 127.0.0.1:/tmp/g; cat /tmp/g; kill $(cat /tmp/pid)`,
    },
  ),
  ...casesOf(
    { program: "cron, rsyslog, supervisor", ...COMMON, ignored: SCRATCH },
    {
      "start, work and end":
        "echo '0 0 * * * true' | crontab -; crontab -l; crontab -r; cron -f & p=$!; sleep 1; kill $p; wait $p; echo $?; mkdir -p /tmp/r; printf 'module(load=\"imuxsock\" SysSock.Name=\"/dev/log\")\\n*.* /tmp/r/log\\n' > /tmp/r/c; rsyslogd -n -f /tmp/r/c -i /tmp/r/pid & p=$!; for i in {1..100}; do test -S /dev/log && break; sleep 0.1; done; logger -t me hello; for i in {1..100}; do grep -qs hello /tmp/r/log && break; sleep 0.1; done; kill $p; wait $p; echo $?; grep -o 'me: hello' /tmp/r/log; cd /tmp; printf '[unix_http_server]\\nfile=/tmp/s\\n[supervisord]\\nlogfile=/tmp/l\\npidfile=/tmp/p\\n[rpcinterface:supervisor]\\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\\n[supervisorctl]\\nserverurl=unix:///tmp/s\\n[program:a]\\ncommand=sleep 100\\n' > c; supervisord -c c 2>/dev/null; for i in {1..50}; do supervisorctl -c c status | grep -q RUNNING && break; sleep 0.2; done; supervisorctl -c c status | cut -c1-40; supervisorctl -c c stop a; supervisorctl -c c shutdown",
    },
  ),
  ...casesOf(
    {
      program: "sudo, adduser, fakeroot, gpg",
      ...COMMON,
      ignored: { paths: [...SCRATCH.paths, "/etc/.pwd.lock", "/home", "/etc/shadow"], reason: `days; ${LOCK_KEPT}` },
    },
    {
      "sudo and su":
        "useradd -m bob; sudo -u bob id 2>/dev/null; sudo -n -u bob sh -c 'echo $HOME $USER; touch /root/x' 2>&1 | grep -v resolve; echo 'bob ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/bob; su - bob -c 'sudo whoami; sudo -l | tail -n 1' 2>/dev/null; su bob -s /bin/sh -c 'id -un; kill -9 1; echo $?'; userdel -r bob; id bob; echo $?",
      "users and groups":
        'adduser --disabled-password --gecos "" amy; addgroup staff2; usermod -aG staff2 amy; id amy; echo amy:secret | chpasswd; passwd -S amy | cut -d" " -f1,2; getent passwd amy; chage -l amy | tail -n 3; passwd -l amy; deluser amy 2>&1; groupadd x; gpasswd -a root x; groupdel x',
      "gpg and fakeroot": {
        run: "export GNUPGHOME=/tmp/g; mkdir -m 700 /tmp/g; cd /tmp; gpg --batch --quiet --passphrase '' --quick-gen-key 'A <a@b>' ed25519 default never; echo secret > f; gpg --batch --quiet --clearsign f; gpg --verify f.asc 2>&1 | grep -o 'Good signature.*'; gpg --batch --quiet --passphrase x --pinentry-mode loopback -c f; gpg --batch --quiet --passphrase x --pinentry-mode loopback -d f.gpg; gpg --list-keys --with-colons | cut -d: -f1,4 | grep -v tru; gpgconf --kill all; useradd bob; su bob -c 'cd /tmp; fakeroot sh -c \"touch bf; chown 5:6 bf; stat -c %u:%g bf; id -u; tar cf bf.tar bf\"; tar tvf bf.tar --numeric-owner | cut -c1-20'",
      },
    },
  ),
];
