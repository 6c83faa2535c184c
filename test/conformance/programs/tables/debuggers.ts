/** Programs that watch other programs: strace and gdb of the wild tree, on what they start and on what runs already. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const COMMON = { tree: "wild", shell: "bash", timeoutMs: 120_000 } as const;
const MADE = { paths: ["/tmp"], reason: "what is compiled holds names of temporary files" };

const DEPTH = `int depth(int n) { if (n == 0) return 42; return depth(n - 1) + 1; }
int main(int argc, char **argv) { volatile int *none = 0; int x = depth(5); if (argc > 1) *none = x; return x & 7; }`;

const BUILD = `cd /tmp; cat > d.c <<'E'\n${DEPTH}\nE\ngcc -g -O0 -no-pie -o d d.c`;

export const DEBUGGER_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "strace", ...COMMON },
    {
      "what a program opens and how it ends": "strace -e trace=openat,exit_group /bin/true 2>&1",
      "a family, with its signals":
        "strace -f -qq -e trace=kill,exit_group -e signal=all sh -c 'trap \"echo told\" USR1; (kill -USR1 $$; exit 3); exit 5' 2>&1 | sed -E 's/[0-9]+, SIG/PID, SIG/; s/si_pid=[0-9]+/si_pid=PID/; s/^\\[pid +[0-9]+\\] //; s/si_[us]time=[0-9]+/TIME/g; s/ +/ /g' | sort",
      "another answer than the kernel's":
        "strace -qq -e trace=unlink,unlinkat -e inject=unlinkat:error=EBUSY rm -f /etc/hostname 2>&1; echo $?",
      "one that runs already":
        "sleep 30 & p=$!; sleep 0.3; (sleep 0.5; kill $p) & strace -p $p -e trace=none 2>&1 | sed -E 's/[0-9]+ (att|det)/PID \\1/; s/si_pid=[0-9]+/si_pid=PID/'",
    },
  ),
  ...casesOf(
    { program: "gdb", ...COMMON, ignored: MADE },
    {
      "breakpoints, stacks, calls and a crash":
        `${BUILD}; gdb -nx -batch -ex 'break depth if n == 2' -ex run -ex bt -ex 'print n' -ex delete -ex finish -ex next -ex 'print depth(3)' -ex cont --args ./d crash 2>&1 | grep -v -E 'libthread_db|argv='`,
      "single steps and registers":
        `${BUILD}; gdb -nx -batch -ex 'break depth' -ex run -ex stepi -ex stepi -ex 'x/i $pc' -ex 'p $edi' -ex 'set var n=1' -ex delete -ex cont ./d 2>&1 | grep -v libthread_db | sed -E 's/process [0-9]+/process N/'`,
    },
  ),
];
