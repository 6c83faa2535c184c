/** grep, sed, awk, and the archives. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const TREE = `cd /tmp; mkdir -p t/sub/deep; seq 1 500 > t/numbers; echo hello > t/sub/hello; ln -s hello t/sub/link; ln t/numbers t/hard; chmod 600 t/sub/hello; mkfifo t/fifo; touch -d @1000000000 t/sub/hello t/numbers; chown 1000:1000 t/sub\n`;

export const TEXT_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "grep", tree: "base", shell: "dash" },
    {
      expressions: `cd /etc; grep root passwd; grep -c : passwd; grep -n '^d' passwd; grep -v -E '^(root|daemon|bin)' passwd | head -n 3; grep -o '[a-z]*sh' passwd | sort -u; grep -i ROOT passwd; grep -w bin passwd | head -n 2; grep -E 'o{2}' passwd; grep -F '*' shadow | head -n 1; grep -P '^\\w+:(?!x)' passwd; echo $?; grep -x root passwd; echo $?; egrep -m1 o passwd`,
      "files and context": `cd /tmp; seq 100 > n; echo 42 > m; mkdir d; cp n d; grep -r 42 . | sort; grep -l 42 *; grep -L 99 * ; grep -A1 -B1 50 n; grep -C2 --no-group-separator -e 10 -e 90 n | head -n 12; grep -q 7 n; echo $?; grep x nothere; echo $?; printf 'a\\0b\\n' > bin; grep a bin; grep -a b bin | od -c; grep --color=always 42 m; grep -f m n; zgrep 2>/dev/null; grep -Z -l 42 m | od -c`,
    },
  ),
  ...casesOf(
    { program: "sed", tree: "base", shell: "dash" },
    {
      edits: `cd /tmp; seq 10 > n; sed -n '3,5p' n; sed '2d;$d' n | paste -sd,; sed 's/\\([0-9]\\)/<\\1>/g' n | head -n 2; sed -E 's/(1)(0)/\\2\\1/' n | tail -n 1; sed '/5/,/7/!d' n; sed -i.bak 's/1/one/' n; cat n; sed '1~3d' n.bak; sed 'N;s/\\n/ /' n.bak; sed -n '$=' n; sed '1i\\top' n | head -n 2; sed 'y/123/abc/' n.bak | head -n 3; sed -e '/3/{h;d}' -e '/5/G' n.bak; sed 5q n.bak; sed -s -n 1p n n.bak; sed 's/x/y/w out' n; sed -n l n | head -n 1; sed 's/.*/echo &/e' n.bak | head -n 1; sed q5; sed 'b;:a' /dev/null; sed 's/a/b' n; echo $?`,
    },
  ),
  ...casesOf(
    { program: "gawk", tree: "base", shell: "dash" },
    {
      programs: `cd /etc; awk -F: '{n[$7]++} END{for(s in n) print s, n[s]}' passwd | sort; awk 'BEGIN{printf "%d %s %.3f %e %c\\n", 42, "x", 3.14159, 12345.678, 65; print length("hello"), substr("hello",2,3), toupper("abc"), index("hello","l"), split("a b c",a), a[2]}'; awk 'BEGIN{while((getline l < "/etc/hostname") > 0) n++; print n>=0; "echo sub" | getline x; print x; print "b\\na" | "sort"; close("sort"); system("echo sys; exit 3")}'; gawk 'BEGIN{print gensub(/a(b)/,"<\\\\1>","g","abab"), strftime("%F",0,1), PROCINFO["version"]; a["z"];a["y"]; n=asorti(a,b); print b[1]; print 2**10, int(3.9), sqrt(2), exp(1), log(10), sin(1), atan2(1,2); printf "%s %s\\n", 1e6, 0.1+0.2; match("foobar",/o+/); print RSTART,RLENGTH; srand(1); print rand() == rand()}'; seq 10 | awk '{s+=$1} END{print s, NR}'; awk 'BEGIN{exit 7}'; echo $?; awk '{' ; echo $?`,
      "a field count over 20,000 lines": {
        run: "seq 20000 | awk '{s += $1 * 2; t[$1 % 7]++} END {print s; for (i = 0; i < 7; i++) print i, t[i]}'",
      },
    },
  ),
  ...casesOf(
    { program: "tar", tree: "base", shell: "dash" },
    {
      "create, list, extract": `${TREE}tar --sort=name -cf a.tar t; tar tf a.tar; tar tvf a.tar --full-time t/numbers t/sub/hello | tr -s ' '; mkdir x; tar xpf a.tar -C x; ls -lnR --time-style=+%s x/t/sub | grep hello; cmp t/numbers x/t/numbers; stat -c %h x/t/hard; tar --sort=name -cf - t | tar df - ; echo $?; tar --delete -f a.tar t/fifo; tar tf a.tar | wc -l; tar xf nothere; echo $?`,
      compressed: `${TREE}for z in z j J; do tar --sort=name -c$z"f" a.$z t; tar tf a.$z | wc -l; done; tar --sort=name --zstd -cf a.zst t; tar tf a.zst | wc -l; mkdir y; tar xf a.J -C y; cmp t/numbers y/t/numbers; tar -czf - t/numbers | gzip -dc | tar xOf - | cksum; tar --sort=name --owner=0 --group=0 --mtime=@0 -cf - t/sub t/numbers | cksum; rm a.*`,
    },
  ),
  ...casesOf(
    { program: "compressors", tree: "base", shell: "dash" },
    {
      gzip: `cd /tmp; seq 20000 > n; gzip -k n; gzip -t n.gz; gzip -dc n.gz | cmp - n; gzip -9 -n -c n | cksum; gzip -1 -n -c n | wc -c; zcat n.gz | tail -n 1; gunzip -f n.gz; gzip -l nothere.gz; echo $?; echo junk > j.gz; gunzip j.gz; echo $?; zcmp n n; echo hello | gzip -n | od -An -tx1 | head -n 1`,
      xz: `cd /tmp; seq 20000 > n; xz -k n; xz -t n.xz; xz -dc n.xz | cmp - n; xz -l --robot n.xz | tail -n 1 | cut -f 4-6; xz -9e -c n | cksum; xz --format=lzma -c n | xz -dc | cksum; unxz -f n.xz; echo junk | xz -d; echo $?; xz -T2 -c n | xz -d | cksum`,
      zstd: `cd /tmp; seq 20000 > n; zstd -q n; zstd -q -t n.zst; zstd -dcq n.zst | cmp - n; zstd -q -19 -c n | cksum; zstd -q --no-check -1 -c n | cksum; echo junk > j; zstd -dq j -o k; echo $?; zstd -q -T2 -c n | zstdcat | cksum`,
      bzip2: `cd /tmp; seq 20000 > n; bzip2 -k n; bzip2 -t n.bz2; bzip2 -dc n.bz2 | cmp - n; bzip2 -c n | cksum; echo junk | bzip2 -d; echo $?; bzcat n.bz2 | head -n 1`,
    },
  ),
  ...casesOf(
    { program: "procps", tree: "base", shell: "dash" },
    {
      "ps, pgrep, pkill":
        "sleep 100 & ps -o ppid=,comm=,stat= | head -n 2 | tr -s ' '; pgrep -x sleep | wc -l; pkill sleep; wait; ps -e -o comm= > o; sort o; ps -o args= 1 | head -c 20; pidof dash > o; wc -w < o",
    },
  ),
];
