/** What is typed at programs of Debian: each session ends the program. */
import type { Session } from "./scripts.ts";

const BASH = ["/bin/bash", "--norc", "--noediting"] as const;
const READLINE = ["/bin/bash", "--norc"] as const;
/** Names of windows follow what runs in them, by the clock: not here. */
const TMUX = ["/usr/bin/tmux", "-f", "/dev/null", "-u", "set", "-g", "automatic-rename", "off", ";"];
const DETACHED = `${TMUX.join(" ").replace(";", "\\;")} new -d 'PS1="$ " exec /bin/sh'`;
const TEXT = "seq 1 200 > /tmp/numbers";

export const SESSIONS: readonly Session[] = [
  {
    name: "bash: stty -a, tty, sizes",
    args: BASH,
    steps: [
      ["\\$ $", "stty -a; tty; stty size; echo $COLUMNS $LINES\r"],
      ["\\$ $", [30, 100]],
      [null, "stty size; (echo in a subshell; tty < /dev/tty)\r"],
      ["\\$ $", "exit 5\r"],
    ],
  },
  {
    name: "bash: job control",
    args: BASH,
    steps: [
      ["\\$ $", "sleep 100\r"],
      [null, "\x1a"],
      ["\\$ $", "jobs; bg; sleep 100 | cat &\r"],
      ["\\$ $", "jobs | sed 's/[0-9]\\{2,\\}/N/g'; kill %1; wait %1; echo $?\r"],
      ["\\$ $", "while :; do :; done\r"],
      [null, "\x03"],
      ["\\$ $", "echo $?; fg %2\r"],
      [null, "\x03"],
      ["\\$ $", "jobs; cat\r"],
      [null, "ab\x7fc\x17d\r\x04"],
      ["\\$ $", "sleep 100 & exit\r"],
    ],
  },
  {
    name: "bash: readline, completion, history, resize",
    args: READLINE,
    steps: [
      ["\\$ $", "echo abc def\x1b[D\x1b[D\x1bbX\x01#\x05!\r"],
      ["\\$ $", "ls /etc/passw\t\r"],
      ["\\$ $", "\x10\x10\x15echo new\x19\r"],
      ["\\$ $", [10, 40]],
      [null, "echo $COLUMNS a long line that has to be wrapped at the narrow margin\r"],
      ["\\$ $", "\x12pass\r"],
      ["\\$ $", "\x04"],
    ],
  },
  {
    name: "busybox sh: line editing and jobs",
    args: ["/bin/busybox", "sh"],
    steps: [
      ["\\$ ", "echo one\r"],
      ["\\$ ", "sleep 50\r"],
      [null, "\x1a"],
      ["\\$ ", "jobs; kill %1; fg\r"],
      ["\\$ ", "stty -a | head -n 4\r"],
      ["\\$ ", "exit 4\r"],
    ],
  },
  {
    name: "less: pages, search, end",
    args: ["/bin/sh", "-c", `${TEXT}; less /tmp/numbers`],
    steps: [
      [null, " "],
      [null, "/15.\r"],
      [null, "G"],
      [null, "gk"],
      [null, [15, 60]],
      [null, "q"],
    ],
  },
  {
    name: "vim: insert, write, search, quit",
    args: ["/bin/sh", "-c", `${TEXT}; vim -u NONE -N /tmp/numbers; tail -n 3 /tmp/numbers`],
    steps: [
      ["numbers", "ihello world\rsecond line\x1b"],
      [null, "/150\r"],
      [null, "dd3yyp"],
      [null, ":%s/19/XX/\r"],
      [null, [20, 60]],
      [null, ":wq\r"],
    ],
  },
  {
    name: "nano: type, cut, save, exit",
    args: ["/bin/sh", "-c", "nano -I /tmp/note; cat /tmp/note"],
    steps: [
      [null, "first line\rsecond line\rthird\r"],
      [null, "\x1b[A\x1b[A\x0b"],
      [null, "\x0f"],
      [null, "\r"],
      [null, "\x18"],
    ],
  },
  {
    name: "python3: the interactive interpreter",
    args: ["/usr/bin/python3", "-q"],
    steps: [
      [">>> $", "1+1\r"],
      [">>> $", "for i in range(3):\r  print(i)\r\r"],
      [">>> $", "import os, sys; os.get_terminal_size(), sys.stdin.isatty(), os.ttyname(0)\r"],
      [">>> $", "while True: pass\r\r"],
      [null, "\x03"],
      [">>> $", "pri\t'x')\r"],
      [">>> $", "exit(3)\r"],
    ],
  },
  {
    name: "script: a terminal in a terminal",
    args: ["/usr/bin/script", "-qc", "tty; stty size; echo $0", "/dev/null"],
    steps: [],
  },
  {
    name: "tmux: windows, splits, resize, copy mode, detach and attach",
    args: [...TMUX, "new-session", "PS1='$ ' exec /bin/sh"],
    steps: [
      ["\\$", "echo in tmux; tty\r"],
      [null, "\x02%"],
      [null, "stty size\r"],
      [null, '\x02"'],
      [null, "seq 30\r"],
      [null, "\x02o"],
      [null, [30, 100]],
      [null, "\x02cecho second window\r"],
      [null, "\x02p"],
      [null, "\x02["],
      [null, "\x1b[5~"],
      [null, "q"],
      [null, "\x02d"],
    ],
  },
  {
    name: "tmux: a session outlives its terminal",
    args: ["/bin/sh", "-c", `tmux -V; ${DETACHED}; tmux attach; tmux ls -F '#S #{session_windows}'; echo $?`],
    steps: [
      ["\\$", "echo kept; tty\r"],
      [null, "\x02:"],
      [null, "detach\r"],
    ],
  },
  {
    name: "screen: windows, split, copy, the end",
    args: ["/bin/sh", "-c", "screen /bin/sh; echo ended with $?"],
    steps: [
      ["[$#] $", "tty\r"],
      ["[$#] $", "\x01c"],
      [null, "echo second; tty\r"],
      [null, "\x01p"],
      [null, "\x01S\x01\t"],
      [null, "\x01n"],
      [null, "\x01X"],
      [null, [20, 70]],
      [null, "exit\r"],
      [null, "exit\r"],
    ],
  },
];
