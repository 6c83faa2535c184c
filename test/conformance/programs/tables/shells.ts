/** dash, bash and what every script leans on. */
import type { ProgramCase } from "../case.ts";

const inSh = (name: string, run: string, more: Partial<ProgramCase> = {}): ProgramCase => ({
  name: `dash: ${name}`,
  program: "dash",
  run,
  shell: "dash",
  tree: "base",
  ...more,
});
const inBash = (name: string, run: string, more: Partial<ProgramCase> = {}): ProgramCase => ({
  name: `bash: ${name}`,
  program: "bash",
  run,
  shell: "bash",
  tree: "base",
  ...more,
});

export const SHELL_CASES: readonly ProgramCase[] = [
  inSh("arithmetic and loops", "i=0; while [ $i -lt 5 ]; do i=$((i + 1)); echo $i $((i * i)); done; exit 3"),
  inSh("substitution and pipelines", 'x=$(echo a b c | wc -w); echo "$x words"; echo abc | tr a-c x-z | cat'),
  inSh(
    "redirections",
    "cd /tmp; echo one > f; echo two >> f; cat < f; cat nothere 2> err; cat err; echo x 1>&2; exec 3< f; read a <&3; echo $a",
  ),
  inSh("here documents", "cat <<EOF\nhome is $HOME\n$(echo sub)\nEOF\ncat <<'EOF'\n$HOME\nEOF"),
  inSh(
    "traps and signals",
    "trap 'echo usr1' USR1; kill -USR1 $$; (kill -TERM $(sh -c 'echo $PPID')); echo $?; sh -c 'kill -9 $$'; echo $?; trap 'echo bye' EXIT",
  ),
  inSh(
    "background jobs",
    "sleep 0.1 & p=$!; wait $p; echo $?; (exit 7) & wait $!; echo $?; { sleep 0.05; echo late; } & echo early; wait",
  ),
  inSh(
    "functions, case, getopts",
    "f() { while getopts ab:c o; do case $o in a) echo a;; b) echo b=$OPTARG;; *) echo other;; esac; done; }; f -a -b 1 -c -x; echo $OPTIND",
  ),
  inSh(
    "globs",
    "cd /etc; echo p*d; cd /tmp; touch a1 a2 b1 .h; echo *; echo [ab]1 a?; echo none*; set -f; echo *",
  ),
  inSh(
    "not found, not executable",
    "nosuch; echo $?; /etc/passwd; echo $?; /tmp; echo $?; cd /nowhere; echo $?",
  ),
  inSh(
    "a script with an interpreter line",
    "cd /tmp; printf '#!/bin/sh -e\\necho \"$0 $# $1\"\\nfalse\\necho no\\n' > s; chmod +x s; ./s one two; echo $?",
  ),
  inSh("a deep pipeline", "seq 1 1000 | cat | cat | cat | cat | tail -n 1"),
  inSh(
    "umask and ulimit",
    "umask 027; umask; mkdir /tmp/d; touch /tmp/f; ls -ld /tmp/d /tmp/f | cut -c1-10; ulimit -n 100; ulimit -n; umask -S",
  ),
  inSh("broken pipe", "yes | head -n 3; echo $?; (trap '' PIPE; yes 2>/dev/null; echo $? >&2) | head -n 1"),
  inSh(
    "cd and pwd through links",
    "mkdir -p /tmp/a/b; ln -s a/b /tmp/l; cd /tmp/l; pwd; pwd -P; cd ..; pwd; cd -",
  ),
  inBash(
    "arrays and expansion",
    'a=(x y z); a+=(w); echo "${#a[@]} ${a[*]:1:2} ${!a[@]}"; declare -A m=([k]=v [q]=r); echo "${m[k]}" "${#m[@]}"; s=hello.world; echo ${s%.*} ${s^^} ${s//l/L} {1..5} {a..c}x',
  ),
  inBash(
    "process substitution",
    "cat <(echo one) <(echo two); diff <(seq 3) <(seq 4); echo $?; echo x > >(cat); wait $!",
  ),
  inBash(
    "regular expressions and printf",
    '[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[@]}"; printf "%05d %x %-5s| %q %(%Y)T\\n" 42 255 ab "a b" 0',
  ),
  inBash(
    "pipestatus and options",
    "set -o pipefail; false | true | (exit 3); echo ${PIPESTATUS[@]}; false | true; echo $?; set -u; (echo $nope); echo $?",
  ),
  inBash(
    "coproc and read",
    "coproc cat; echo hello >&${COPROC[1]}; read -r line <&${COPROC[0]}; echo got $line; read -t 0.1 x < <(sleep 1); echo $?; kill $COPROC_PID",
  ),
  inBash(
    "job control",
    "set -m; sleep 5 & jobs -p > /dev/null; jobs; kill %1; wait %1; echo $?; sleep 0.1 & fg",
  ),
  inBash(
    "stop and continue",
    "set -m; (kill -STOP $BASHPID; echo went on) & sleep 0.2; jobs; kill -CONT %1; wait %1; echo $?",
  ),
  inBash(
    "mapfile and select",
    "mapfile -t l < <(seq 3); echo ${l[@]}; while read -r a b; do echo \"$b $a\"; done < <(printf '1 2\\n3 4\\n'); select x in p q; do echo $x; break; done <<< 2",
  ),
  inBash(
    "traps",
    "trap 'echo err $LINENO' ERR; false; trap 'echo chld' CHLD; set -m; /bin/true; trap 'echo int' INT; kill -INT $$; trap 'echo exit $?' EXIT; exit 5",
  ),
  inBash(
    "redirection by number and name",
    "exec {fd}>/tmp/out; echo to file >&$fd; exec {fd}>&-; cat /tmp/out; echo both &> /tmp/b; cat /tmp/b; : > /dev/null; echo > /dev/full; echo $?",
  ),
  inBash(
    "history of a login",
    "bash -lc 'echo $0; shopt login_shell'; bash --version | head -n 1; echo $BASH_VERSION $UID $EUID $HOSTNAME $OSTYPE",
  ),
  inBash(
    "a here string of 100 KB",
    "x=$(head -c 100000 /dev/zero | tr '\\0' a); wc -c <<< \"$x\"; echo ${#x}",
  ),
  inBash("time and times", "time true", { ignoresStderr: "times are never the same" }),
  inBash("1,000 subshells", "n=0; for i in {1..1000}; do (exit 1) || n=$((n+1)); done; echo $n"),
  inBash(
    "ulimit",
    'ulimit -c 0; ulimit -Sn 64; ulimit -n; ulimit -s 1024; ulimit -s; for i in {10..70}; do eval "exec $i</dev/null" || break; done 2>&1 | head -n 2',
  ),
  inBash("stdin is read line by line", "read a; echo first $a; cat", { stdin: "one\ntwo\nthree\n" }),
];
