/** Every program of coreutils, in scripts by what they work on. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const FIXTURE = `cd /tmp; printf 'pear 3\\napple 10\\nfig 2\\napple 1\\n' > fruit; seq 1 20 > numbers; mkdir -p d/e; echo x > d/e/x; ln -s fruit link\n`;

export const COREUTILS_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "coreutils", tree: "base", shell: "dash" },
    {
      sort: `${FIXTURE}sort fruit; sort -k2n fruit; sort -u -k1,1 fruit; sort -r -n numbers | head -n 3; sort -c fruit; echo $?; sort -t' ' -k1,1 -k2,2nr fruit; sort -R fruit | wc -l; sort -h <<E\n2K\n1M\n3\nE`,
      "uniq, comm, join": `${FIXTURE}sort fruit > s; cut -d' ' -f1 s | uniq -c; printf 'apple\\nkiwi\\n' | comm - s; printf 'apple red\\nfig blue\\n' | join - s; uniq -d numbers; cut -d' ' -f1 s | uniq -D`,
      "cut, paste, tr, expand, fold": `${FIXTURE}cut -c1-3 fruit; cut -d' ' -f2 --complement fruit; paste fruit numbers | head -n 5; paste -sd+ numbers; tr a-z A-Z < fruit; tr -d aeiou < fruit; tr -s p < fruit; printf 'a\\tb\\n' | expand -t 4; echo 'a   b' | unexpand -a -t 2 | od -c; fold -w 4 fruit`,
      "head, tail, split, csplit, nl, wc": `${FIXTURE}head -n 2 fruit; head -c 5 fruit; head -n -18 numbers; tail -n 2 numbers; tail -c 4 numbers; tail -n +19 numbers; split -l 7 numbers part.; cat part.ac; split -n 3 -d fruit f.; csplit -s numbers /5/ /15/; wc xx*; nl -ba fruit; wc -lwcL fruit numbers; tac fruit; rev fruit 2>&1 | head -n 1`,
      "od, hexdump of bytes, base64, base32, checksums": `${FIXTURE}od -A x -t x1z fruit; od -t d2 -N 8 fruit; base64 fruit; base64 fruit | base64 -d; base32 fruit; cksum fruit; sum fruit; md5sum fruit; sha1sum fruit; sha256sum fruit; sha512sum fruit; b2sum fruit; md5sum fruit > sums; md5sum -c sums; basenc --hex fruit`,
      "cp, mv, rm, ln": `${FIXTURE}cp -a d d2; cp -r d d3; cp --preserve=mode fruit f2; mv f2 f3; ln f3 f4; ln -s f3 f5; cp -L f5 f6; cp -P f5 f7; rm f3; cat f4; rm -r d3; rm nothere; echo $?; rm d; echo $?; mv nothere x; cp d x; cp --reflink=auto fruit r; cp --sparse=always /dev/null n; mv -n r fruit; mv -T d2 d4; ls -R | sort`,
      ls: `${FIXTURE}touch -d '2020-01-02 03:04:05' *; touch -h -d '2020-01-02 03:04:05' link; chmod 4755 fruit; chmod 1777 d; ls -l --time-style=full-iso fruit numbers link; ls -a d; ls -F; ls -1 -S; ls -d *; ls -n fruit; ls -m; ls --color=always -1; ls -Q; ls nothere; echo $?; ls -ln --time-style=+%s d | tail -n 1 | cut -c1-10; dir; vdir --time-style=+%F`,
      "stat, touch, truncate, du, df": `${FIXTURE}stat -c '%n %F %a %u %g %s %h' fruit link d; touch -d @1000000000.5 fruit; stat -c '%Y %y' fruit; stat -L -c %F link; touch -r fruit numbers; stat -c %X numbers; truncate -s 10000 big; stat -c %s big; truncate -s -1 big; stat -c %s big; du -b fruit; du -a --apparent-size d | sort; stat -f -c %T /proc; test fruit -nt d; echo $?; df --output=target / | tail -n 1`,
      "mkdir, rmdir, chmod, chown, mkfifo, mknod": `${FIXTURE}mkdir -p a/b/c; mkdir -m 700 m; rmdir a; echo $?; rmdir -p a/b/c; chmod u=rwx,g=rx,o= fruit; chmod -R a+X d; chown 1000:1001 fruit; chown -h 5 link; chgrp 7 numbers; mkfifo p; mknod n c 1 3; ls -ln p n | cut -c1-30; install -D -m 640 -o 3 fruit i/j/k; (echo through > p) & cat p; wait`,
      "readlink, realpath, basename, dirname, pathchk, mktemp": `${FIXTURE}ln -s /nowhere dangling; readlink link; readlink -f d/../link; readlink -e dangling; echo $?; readlink -m x/y; realpath link; realpath --relative-to=d/e fruit; basename /a/b.c .c; dirname /a/b/c; pathchk 'a*b'; m=$(mktemp -d); test -d $m; echo $?; rmdir $m; mktemp -u /tmp/x.XXXX | wc -c`,
      "test and expr": `${FIXTURE}for t in '-e fruit' '-d d' '-h link' '-s fruit' '-r fruit' '-x fruit' '-p fruit' 'a = a' '1 -lt 2' '! -e x' 'fruit -ef link' '-u fruit'; do /usr/bin/test $t; echo "$t $?"; done; expr 3 + 4 '*' 2; expr length hello; expr hello : 'h\\(.*\\)o'; expr 1 / 0; echo $?; expr substr hello 2 3; expr 5 '>' 3`,
      "seq, factor, numfmt, shuf, yes, printf, echo": `seq 3; seq 1 0.5 3; seq -w 8 11; seq -s, 5; factor 12 97 1000000007 18446744073709551557; numfmt --to=iec 1048576 1500; numfmt --from=si 3K; shuf -e a b c | sort; shuf -i 1-5 -n 5 | sort; yes no | head -n 2; /usr/bin/printf '%5.2f|%-5s|%05d|%x|%c|%b\\n' 3.14159 ab 42 255 z 'a\\tb'; /bin/echo -e 'a\\nb'; /bin/echo -n x`,
      "sha224sum, sha384sum, dircolors, pinky, chcon, runcon, stty": `${FIXTURE}sha224sum fruit; sha384sum fruit; dircolors -b | head -n 1; dircolors --print-database | wc -l; pinky -l root | head -n 1; chcon x fruit; echo $?; runcon; echo $?; stty; echo $?; stty -F fruit; echo $?; '[' a = a ']'; echo $?`,
      date: `date -u -d '2024-02-29 12:34:56' '+%F %T %j %U %a %s'; date -u -d @0; date -u -d '2024-01-31 +1 month' +%F; date -d 'next monday 2024-01-01' +%F 2>&1; TZ=America/New_York date -d @1700000000; date -R -u -d @1234567890; date --iso-8601=seconds -u -d @1; touch -d @99 /tmp/f; date -r /tmp/f -u; date -d nonsense; echo $?`,
      "id, whoami, groups, logname, who": `id; id -u; id -Gn root; whoami; groups; id nobody; id nosuch; echo $?; logname; echo $?; who; users; tty; echo $?`,
      "uname, hostname, arch, nproc, env, printenv": `uname -s; uname -n; uname -m; arch; hostname; env -i A=b env; env -u HOME printenv HOME; echo $?; printenv PATH; env X=1 sh -c 'echo $X'; env nosuch; echo $?; env --chdir=/tmp pwd; hostid | wc -c`,
      "nice, nohup, timeout, sleep, kill, stdbuf": `nice -n 5 nice; nice; timeout 0.2 sleep 5; echo $?; timeout -s KILL 0.2 sleep 5; echo $?; timeout 5 sh -c 'exit 3'; echo $?; sleep 0.01; nohup echo hi 2>&1; kill -l TERM 9; /bin/kill -l | head -n 3; stdbuf -oL echo buffered; timeout --foreground 1 true; sleep 0.05s 0.01; env -S 'echo a b'; sleep x; echo $?`,
      "chroot, dd, sync, shred, tee, cat": `${FIXTURE}chroot / /bin/echo in; chroot /nowhere; echo $?; dd if=fruit of=o bs=4 count=2 skip=1 status=none; cat o; dd if=/dev/zero of=z bs=1k count=3 seek=2 2>/dev/null; stat -c %s z; dd if=fruit conv=ucase status=none; sync; sync fruit; echo t | tee t1 t2; cat -A fruit t1; cat -n fruit; cat -s - < fruit | cmp - fruit; shred -n 1 -u numbers; ls numbers; cat d; echo $?; dd if=fruit bs=3 count=1 2>&1 | head -n 2`,
      "pr, fmt, ptx, tsort, column": `${FIXTURE}pr -t -3 -l 10 numbers; seq 1 40 | paste -sd' ' | fmt -w 30; printf 'a b\\nb c\\na d\\n' | tsort; printf 'a b\\nb a\\n' | tsort; echo $?; echo 'the cat sat' | ptx -A; pr -h title -D date fruit | head -n 8`,
      "errors are told as natively": `cat nothere; cp; mv a; mkdir /proc/x; rmdir /etc; ln /etc /tmp/l; touch /nowhere/x; head -n x /etc/passwd; sort --nosuch; cut -f; chmod 999 /etc/passwd; chown nosuch /etc/passwd; ls -Z /nowhere; rm -rf /; dd if=/nowhere; tail /tmp; uniq /nowhere; readlink /etc/passwd; mkfifo /etc/passwd; link; unlink /tmp; truncate -s x y; kill -9 99999; nice -n; sleep; split -b 0 /etc/passwd`,
    },
  ),
  ...casesOf(
    { program: "findutils", tree: "base", shell: "dash" },
    {
      find: `${FIXTURE}find . | sort; find . -type f -name 'f*'; find . -type l -printf '%p %l %y\\n'; find . -size -2 -type f | sort; find . -empty; find . -maxdepth 1 -mindepth 1 | sort; find d -delete; find . -newer fruit | sort | head -n 1; find . -perm -600 | sort; find . -name x -prune -o -print | sort; find /etc/passwd -printf '%m %u %g %s %d %f\\n'; find nothere; echo $?; find . -regex '.*/n.*'`,
      "find -exec": `${FIXTURE}find . -type f -exec echo {} ';' | sort; find . -type f -exec echo {} + | tr ' ' '\\n' | sort; find . -name fruit -execdir pwd ';'; find . -type f -print0 | sort -z | xargs -0 -n 1 echo; find . -exec false ';'; echo $?`,
      xargs: `seq 10 | xargs -n 3; seq 4 | xargs -I{} echo '<{}>'; echo a b | xargs -t echo; seq 6 | xargs -P 2 -n 2 echo | sort; echo "'a b' c" | xargs -n 1; xargs false < /dev/null; echo $?; echo x | xargs sh -c 'exit 255'; echo $?; seq 3 | xargs -d '\\n' echo; echo | xargs -r echo no`,
    },
  ),
  ...casesOf(
    { program: "diffutils", tree: "base", shell: "dash" },
    {
      "diff, cmp, sdiff, diff3": `cd /tmp; seq 10 > a; seq 2 11 > b; sed 5s/5/five/ a > c; diff a b; diff -u --label a --label b a b; diff -c --label a --label c a c; diff -y -W 40 a c; cmp a c; cmp -l a c; diff3 a b c; diff3 -m a b c; echo $?; sdiff -s -w 40 a c; diff -q a b; diff a a; echo $?; mkdir d e; cp a d; cp b e/a; diff -r d e; diff -e a c; diff a nothere; echo $?`,
    },
  ),
];
