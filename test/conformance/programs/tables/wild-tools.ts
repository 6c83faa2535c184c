/** Tools of the wild tree that work on files, pictures and text, and shells that are not bash. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const COMMON = { tree: "wild", shell: "bash", timeoutMs: 120_000 } as const;
const MADE = { paths: ["/tmp", "/root", "/var"], reason: "times are in what is made" };

export const WILD_TOOL_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "zsh, fish, tcsh, ksh, expect", ...COMMON, ignored: MADE },
    {
      "four shells":
        "zsh -fc 'a=(1 2 3); print ${a[2]} ${(j:,:)a} $ZSH_VERSION; zmodload zsh/zpty; for i ({1..3}) print -n $i; print; f() { print f $1 }; f x; setopt extendedglob; print /etc/pass*; coproc cat; print -p hi; read -p x; print $x; exit 5'; echo $?; fish -c 'set a 1 2 3; echo $a[2]; for i in (seq 3); echo $i; end; string upper abc; math 6 x 7; function f; echo f $argv; end; f x; exit 6'; echo $?; tcsh -fc 'set a = (1 2 3); echo $a[2]; @ b = 6 * 7; echo $b; foreach i (x y); echo $i; end; exit 7'; echo $?; ksh -c 'typeset -A a; a[x]=1; echo ${a[x]} $((6*7)); for i in 1 2; do echo $i; done; exit 8'; echo $?",
      "expect talks to a program":
        "expect -c 'spawn sh -c \"echo name?; read x; echo hello \\$x\"; expect \"name?\"; send \"bob\\r\"; expect \"hello bob\"; puts \"\\nmatched\"; expect eof; lassign [wait] pid id os code; puts $code; exit 3'; echo $?",
    },
  ),
  ...casesOf(
    { program: "imagemagick, ffmpeg, ghostscript, graphviz", ...COMMON, ignored: MADE },
    {
      pictures:
        "cd /tmp; convert -size 64x48 gradient:red-blue -rotate 30 -resize 50% -blur 0x1 o.png; identify -format '%w %h %m\\n' o.png; convert o.png -colorspace gray -depth 8 gray:- | cksum; convert o.png o.jpg; identify -format '%w %h %m %Q\\n' o.jpg; printf '%%!PS\\n/Times-Roman findfont 24 scalefont setfont 50 50 moveto (Hello) show 100 100 50 0 360 arc stroke showpage\\n' > a.ps; gs -q -dNOPAUSE -dBATCH -sDEVICE=pgmraw -r36 -sOutputFile=o.pgm a.ps; cksum o.pgm; gs -q -dNOPAUSE -dBATCH -sDEVICE=txtwrite -sOutputFile=- a.ps; echo 'digraph { a -> b; b -> c; a -> c [label=x] }' | dot -Tplain",
      "ffmpeg encodes and decodes":
        "cd /tmp; ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=5:duration=1 -c:v mpeg4 -threads 1 -bitexact -fflags +bitexact o.avi; ffprobe -v error -show_entries stream=codec_name,width,height,nb_frames -of csv o.avi; ffmpeg -v error -threads 1 -i o.avi -f framemd5 -; ffmpeg -v error -f lavfi -i sine=duration=0.2 -f md5 -",
    },
  ),
  ...casesOf(
    { program: "strace, gdb", ...COMMON, ignored: MADE },
    {
      "strace follows a shell":
        "strace -e trace=write,exit_group -o /tmp/o echo hi; cat /tmp/o; strace -c -o /tmp/c true; head -n 1 /tmp/c | cut -c1-20; strace -f -e trace=execve sh -c 'true; /bin/true' 2>&1 | sed 's/0x[0-9a-f]*/P/g; s/[Pp]id[ =]*[0-9]*/pid/; s/Process [0-9]*/Process/'",
      "gdb stops at a breakpoint":
        "cd /tmp; printf 'int f(int x) { return x * 2; }\nint main() { return f(21); }\n' > a.c; gcc -g a.c -o a; gdb -q -batch -ex 'break f' -ex run -ex 'print x' -ex bt -ex finish -ex 'set var $rip = $rip' -ex 'info registers rax' -ex cont ./a 2>&1 | grep -v warning | sed 's/0x[0-9a-f]*/P/g; s/process [0-9]*/process/'",
    },
  ),
  ...casesOf(
    { program: "emacs, man, locales, systemd, svn, ripgrep, lsof", ...COMMON, ignored: MADE },
    {
      "emacs --batch, groff, man":
        "emacs -Q --batch --eval '(progn (message \"%s %s\" (* 6 7) emacs-major-version) (with-temp-buffer (insert \"hello\") (upcase-region 1 6) (princ (buffer-string))) (princ (shell-command-to-string \"echo sub\")) (kill-emacs 3))'; echo $?; printf '.TH X 1\\n.SH NAME\\nx \\\\- y\\n' > /tmp/x.1; man -l /tmp/x.1 2>/dev/null | col -b | head -n 5; groff -Tascii -man /tmp/x.1 | head -n 5",
      "locale-gen": {
        run: "echo 'de_DE.UTF-8 UTF-8' > /etc/locale.gen; locale-gen > /dev/null; LC_ALL=de_DE.UTF-8 date -u -d @0 +%A; LC_ALL=de_DE.UTF-8 printf \"%'d\\n\" 1234567; locale -a",
      },
      "systemd-tmpfiles and its kin":
        "printf 'd /tmp/x/y 0750 1 2 -\\nf /tmp/x/f 0644 - - - hello\\nL /tmp/x/l - - - - f\\n' > /tmp/c.conf; systemd-tmpfiles --create /tmp/c.conf; ls -ln /tmp/x | cut -c1-20; cat /tmp/x/f; systemctl is-system-running; systemd-escape a/b; systemd-id128 new | wc -c; busctl --version | head -n 1; journalctl --version | head -n 1",
      "svn, ripgrep, fd, lsof":
        "cd /tmp; svnadmin create r; svn -q checkout file:///tmp/r w; cd w; echo a > f; svn add -q f; svn commit -q -m one --username me; echo b >> f; svn diff | tail -n 3; svn commit -q -m two; svn update; svn log -q | grep -c '^r'; svn cat -r 1 f; cd /tmp; mkdir d; for i in 1 2 3; do seq $((i*100)) > d/f$i; done; rg --sort path -c '^1.5$' d; rg -n --sort path 29 d | head -n 4; fdfind --type f . d | sort; sleep 5 < /etc/passwd & lsof -p $! -a -d 0 -F n | tail -n 1; lsof /etc/passwd | tail -n 1 | tr -s ' ' | cut -d' ' -f1,4,9; kill $!",
    },
  ),
];
