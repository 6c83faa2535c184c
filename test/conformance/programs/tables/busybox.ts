/** busybox-static: every applet that makes sense in a script. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const SETUP =
  "cd /tmp; B=/bin/busybox; seq 30 > n; printf 'b 2\\na 1\\nc 3\\n' > f; mkdir -p d/e; echo x > d/e/x\n";

export const BUSYBOX_CASES: readonly ProgramCase[] = casesOf(
  { program: "busybox", tree: "base", shell: "busybox" },
  {
    "text applets": {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}$B awk '{print $2}' f; $B sed s/a/A/ f; $B grep -n b f; $B sort f; $B sort -k2 -n -r f; $B uniq n | $B wc; $B cut -d' ' -f2 f; $B tr a-c A-C < f; $B head -n 2 n; $B tail -n 2 n; $B tac f; $B rev f; $B nl f; $B fold -w 2 f; $B expand f; $B paste f f; $B od -c f; $B hexdump -C f; $B xxd f; $B strings f; $B cat -n f; $B comm f f; $B diff f n | $B head -n 5; $B cmp f n; $B md5sum f; $B sha1sum f; $B sha256sum f; $B sha512sum f; $B sha3sum f; $B cksum f; $B sum f; $B crc32 f; $B base64 f; $B uuencode f f; $B seq 3; $B factor 60; $B yes | $B head -n 1; $B printf '%d\\n' 7; $B expr 1 + 2; $B dc -e '2 3 + p'; echo '2*3' | $B bc; $B shuf -e a; $B tsort f; $B ts < /dev/null; $B unexpand f`,
      ],
    },
    "file applets": {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}$B cp f g; $B mv g h; $B ln -s h l; $B ln h k; $B readlink l; $B realpath l; $B ls -1; $B ls -ln d/e | $B wc -l; $B stat -c '%a %s %h %F' h; $B chmod 640 h; $B chown 1:2 h; $B chgrp 3 f; $B touch -d @1000 f; $B stat -c %Y f; $B mkdir -p p/q; $B rmdir p/q; $B rm -r p; $B find . -type f | $B sort; $B xargs -n 2 echo < n | $B head -n 2; $B du -s d | $B wc -l; $B truncate -s 5 t; $B dd if=n of=o bs=4 count=1 2>/dev/null; $B cat o; $B mkfifo ff; $B mknod nn c 1 3; $B mktemp -u xXXXXXX | $B wc -c; $B basename /a/b; $B dirname /a/b; $B test -f f; echo $?; $B install -m 600 f i; $B split -l 10 n s.; $B ls s.*; $B tee t2 < f; $B shred -u t2; $B fallocate -l 100 fa; $B stat -c %s fa; $B sync; $B cpio -o -H newc < /dev/null 2>/dev/null | $B cksum; $B df / | $B head -n 1`,
      ],
    },
    archives: {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}$B find . -exec $B touch -d @1000000000 {} +; $B tar cf a.tar d f n; $B tar tf a.tar; $B mkdir x; $B tar xf a.tar -C x; $B diff -r d x/d; $B gzip -c n > n.gz; $B zcat n.gz | $B cmp - n; $B bzip2 -c n | $B bunzip2 | $B cmp - n; $B xz -dc < /dev/null; $B lzop -V 2>&1 | $B head -n 1; echo f | $B cpio -o -H newc > c; $B cpio -t < c; rm c; $B ar 2>&1 | $B head -n 1; $B unzip -l nothere; echo $?; $B gunzip nothere; echo $?; $B tar czf z.tgz d; $B tar tzf z.tgz`,
      ],
    },
    "the system": {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}$B uname -sm; $B hostname; $B id; $B whoami; $B env -i A=1 $B env; $B printenv HOME; $B pwd; $B date -u -d @0; $B cal 2 2024; $B sleep 0; $B usleep 1; $B timeout 1 $B true; echo $?; $B timeout 1 $B sleep 5; echo $?; $B nice $B true; $B nohup $B true; $B setsid $B echo s; $B kill -l 9; $B pidof nosuch; echo $?; $B tty; $B stty 2>&1 | $B head -n 1; $B nproc | wc -l; $B ulimit 2>/dev/null; $B which sh; $B cat /proc/self/comm; $B mountpoint /proc; $B mountpoint /tmp; $B ipcalc -n 10.1.2.3/8; $B logname; echo $?; $B flock l echo locked; $B chroot / /bin/busybox echo ch; $B getopt ab: -a -b x; $B run-parts d; $B start-stop-daemon --help 2>&1 | $B head -n 1; $B mkpasswd -m md5 -S abcdefgh pw; $B cryptpw -m sha512 -S abcdefgh pw; $B ttysize 2>/dev/null; $B time $B true 2>/dev/null; $B ps -o comm | $B sort | $B uniq; $B pgrep -x busybox; $B free | $B wc -l; $B uptime | $B wc -l; $B who; $B ionice; $B renice 1 $$; $B chrt -p $$; $B taskset -p $$ | wc -l`,
      ],
    },
    ash: {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}f() { local x=$1; echo "f $x"; }; f 1; x=5; echo $((x**2 % 7)) \${x:-no} \${y:-no} \${#x}; case abc in a*) echo star;; esac; for i in *; do echo $i; done; while read a b; do echo $b$a; done < f; trap 'echo t' EXIT; set -- a b c; shift; echo $# $*; echo "\${1%?}" "\${f/x/y}"; [ a = a ] && [[ a == a ]] && echo eq; echo a | (read l; echo $l); wait; sleep 0.05 & wait $!; echo $?; eval 'echo ev'; type echo; alias q='echo q'; printf '%s\\n' x; let z=3; echo $z; $B true; exec $B echo done`,
      ],
    },
    "vi, ed, patch": {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}printf '2\\nd\\nw\\nq\\n' | $B ed f; $B cat f; sed s/2/two/ n > m; $B diff -u n m > p; $B patch n p; $B cmp n m; echo $?`,
      ],
    },
    "more of text, links and archives": {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}$B ascii | $B head -n 3; $B egrep 'a|b' f; $B fgrep b f; $B dos2unix < f | $B cksum; $B unix2dos < f | $B cksum; $B uuencode f f | $B uudecode -o -; $B link f f2; $B unlink f2; $B less f; $B more f; $B lzma -dc < /dev/null | $B wc -c; $B gzip -c n > z.gz; $B zcat z.gz | $B tail -n 1; $B bzip2 -c n > z.bz2; $B bzcat z.bz2 | $B tail -n 1; $B compress 2>&1 | $B head -n 1; $B rpm2cpio < /dev/null; echo $?; $B dpkg -l bash 2>&1 | $B head -n 1; $B mim 2>&1 | $B head -n 1; $B [ a = a ]; echo $?; $B [[ a = b ]]; echo $?; $B false; echo $?; $B nuke x 2>/dev/null; echo $?; $B strings /bin/busybox | $B head -n 2; $B nologin < /dev/null; echo $?; $B tree d; $B groups; $B hostid; $B clear | $B od -c; $B reset | $B od -c; $B last 2>&1 | $B head -n 1; $B arch; $B linux32 $B uname -m; $B linux64 $B uname -m`,
      ],
    },
    "more of the system": {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}$B setpriv --nnp $B echo np; $B killall nosuch; echo $?; $B sysctl -n kernel.ostype; $B watch --help 2>&1 | $B head -n 1; $B dnsdomainname; $B sleep 3 & $B killall sleep; wait $!; echo $?; $B mount -t tmpfs tmpfs /mnt; $B mountpoint /mnt; echo x > /mnt/x; $B umount /mnt; $B ls /mnt | $B wc -l; $B unshare -u $B hostname other; $B hostname; $B losetup /dev/nosuch 2>&1; echo $?; $B swapon nosuch; echo $?; $B insmod nosuch; echo $?; $B hwclock 2>&1 | $B head -n 1; $B fdisk -l nosuch; echo $?; $B truncate -s 100000 disk; $B mke2fs -F disk > /dev/null; echo $?; $B mkswap disk 2>&1 | $B head -n 1 | $B cut -d, -f1; $B mkdosfs disk; echo $?; rm disk; $B ip link show lo | $B head -n 1 | $B cut -d' ' -f1-3; $B ip addr show lo | $B grep inet; $B ip route; $B ifconfig lo | $B grep inet; $B route -n; $B netstat -tln | $B wc -l; $B arp -n; $B ping -c 1 -W 1 127.0.0.1 | $B head -n 1; $B ping6 -c 1 -W 1 ::1 | $B head -n 1; $B traceroute -m 1 127.0.0.1 2>&1 | $B wc -l; $B nslookup localhost 127.0.0.1 2>&1 | $B tail -n 1; $B rdate 127.0.0.1; echo $?; $B nsenter -t 1 -u $B hostname; $B top -b -n 1 | $B wc -l | $B sed 's/.*/x/'; $B lsof 2>/dev/null | $B head -n 0; $B pmap $$ 2>/dev/null | $B head -n 0; $B fuser f; echo $?; $B script --help 2>&1 | $B head -n 1; $B su root -c 'echo su'; $B sh -c 'echo $0'; $B mdev --help 2>&1 | $B head -n 1; $B chvt 99 2>&1; echo $?; $B fsfreeze --help 2>&1 | $B head -n 1; $B logger -s hi 2>&1 | $B cut -d' ' -f1-1; $B syslogd -O log; $B sleep 0.2; $B logger there; $B sleep 0.2; $B grep -c there log; $B killall syslogd`,
        ],
      ignored: { paths: ["/log", "/run"], reason: "a log holds times" },
    },
    "httpd, wget, nc on loopback": {
      run: [
        "/bin/busybox",
        "sh",
        "-c",
        `${SETUP}$B httpd -p 127.0.0.1:8080 -h /tmp; $B wget -q -O - http://127.0.0.1:8080/f; $B wget -O - http://127.0.0.1:8080/nothere 2>&1 | $B tail -n 1; (echo hi | $B nc -l -p 9000 > got) & sleep 0.3; echo there | $B nc 127.0.0.1 9000; wait; cat got`,
      ],
    },
  },
);
