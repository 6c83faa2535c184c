/**
 * The same docker commands on the same Debian, run by our kernel and processor and by a real dockerd with
 * runc on the host's kernel: outputs, errors and exit codes must be equal. What cannot be is listed with
 * its reason; a line that has become equal fails.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DockerCli, hasDockerCli } from "../support/docker-cli.ts";
import type { Dockerd } from "../support/dockerd.ts";
import { mayRunDockerd, startDockerd } from "../support/dockerd.ts";
import { EngineProcess, hasBuiltCommand } from "../support/engine-process.ts";
import { hasImage, IMAGES } from "../support/site.ts";

const IMAGE = "debian:bookworm-slim";

/** Typed one after the other; D is the image. A line may begin with `<<text` for stdin. */
const SCRIPT: readonly string[] = [
  "run --rm D echo hello",
  "run --rm D sh -c 'exit 7'",
  "<<typed\n run --rm -i D cat",
  "run --rm D cat",
  "run --rm -e A=1 D sh -c 'echo $A $HOME $PATH'",
  "run --rm -w /usr/lib D pwd",
  "run --rm -w /new/directory D sh -c 'pwd; ls -ld .| cut -c1-10'",
  "run --rm -u 1000:1000 D id",
  "run --rm -u nobody D id",
  "run --rm -u nobody:daemon D id",
  "run --rm --group-add 44 --group-add audio D id",
  "run --rm -u 1000 D sh -c 'touch /root/x; touch /x'",
  "run --rm --hostname box D sh -c 'hostname; cat /etc/hostname'",
  "run --rm --read-only D touch /x",
  "run --rm --tmpfs /t:size=64k D sh -c 'head -c 100000 /dev/zero > /t/x; wc -c < /t/x'",
  "run --rm --ulimit nofile=64:128 D sh -c 'ulimit -n; ulimit -Hn'",
  "run --rm --cap-drop CHOWN D chown 1 /root",
  "run --rm --cap-drop ALL D sh -c 'grep Cap /proc/self/status'",
  "run --rm D sh -c 'grep Cap /proc/self/status'",
  // Low ports are everybody's in a container.
  "run --rm -u 1000 D perl -e 'use Socket; socket(S, PF_INET, SOCK_STREAM, 0); print bind(S, pack_sockaddr_in(80, INADDR_ANY)) ? \"bound\" : $!'",
  "run --rm --security-opt no-new-privileges D grep NoNewPrivs /proc/self/status",
  "run --rm D sh -c 'kill -9 $$; echo still here'",
  "run --rm D sh -c 'sh -c \"kill -9 \\$\\$\"; echo $?'",
  "run --rm D sh -c 'echo $$; echo $PPID'",
  "run --rm D bash -c 'echo $BASH_VERSION; for i in {1..3}; do echo $i; done | tac'",
  "run --rm D bash -c 'set -o pipefail; false | true; echo $?; [[ abc =~ b ]] && echo ${BASH_REMATCH[0]}'",
  'run --rm D sh -c \'ls -A / | sort | tr "\\n" " "\'',
  "run --rm D sh -c 'sort /etc/passwd | head -3; wc -l < /etc/passwd; md5sum /etc/debian_version'",
  'run --rm D perl -e \'print join(",", map { $_ * $_ } 1..5), "\\n"\'',
  "run --rm D sh -c 'find /etc -name \"*.conf\" | sort | head -5; grep -c root /etc/passwd; sed -n 1p /etc/group'",
  "run --rm D sh -c 'tar cf - /etc/default | tar tf - | sort; echo data | gzip | gzip -d'",
  "run --rm D sh -c 'mkfifo /tmp/f; echo through > /tmp/f & cat /tmp/f; wait'",
  "run --rm D sh -c 'ls -l /dev/null /dev/zero /dev/tty | cut -c1-10; ls -l /dev/fd/ | wc -l'",
  "run --rm D sh -c 'test -t 0 && echo tty || echo no tty'",
  "run --rm -m 32m D sh -c 'head -c 200m /dev/zero | tail | wc -c'",
  "run --rm --pids-limit 4 D sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait'",
  "run --rm D /etc/passwd",
  "run --rm D /etc",
  "run --rm D no-such-program",
  "run --rm D /no/such/program",
  "run -d --name bg D sleep 100",
  "exec bg echo in",
  "exec -u 1000 bg id -u",
  "exec -w /tmp bg pwd",
  "exec -e X=1 bg sh -c 'echo $X'",
  "<<given\n exec -i bg cat",
  "exec bg sh -c 'exit 5'",
  "exec bg no-such-program",
  "exec bg sh -c 'echo data > /root/f; cat /proc/1/comm'",
  "diff bg",
  "pause bg",
  "inspect -f '{{.State.Status}}' bg",
  "unpause bg",
  "stop -t 1 bg",
  "inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}}' bg",
  "start bg",
  "exec bg cat /root/f",
  "restart -t 0 bg",
  "kill -s KILL bg",
  "wait bg",
  "rm bg",
  // Of numbers only that they are there: on the host they are others.
  "run -d --name top D bash -c 'sleep 300 & sleep 301 & sleep 0.5; exec -a weird perl -e \"print STDERR qq{up}; sleep 302\"'",
  "logs-until top up",
  ...[
    "",
    " -ef",
    " -o pid,cmd",
    " -eo pid,ppid,user,args",
    " -eo args",
    " -o foo",
    " u",
    " -C sleep -o pid,args",
    " -u root",
    " -o pid,stat --sort=-pid",
    " -L",
    " -zzz",
    " --help",
    " -o pid=",
    " -o pid=NUMBER,comm=",
    " -o pid,comm,nlwp,ni,cls,sid,tty,lstart,uid,gid,group,ruser,rgroup,tpgid,pgid",
    " -fL",
    " -j",
    " ax",
    " aux",
    " xj",
    " -C perl,sleep -o pid,args --sort args",
    " -o pid -o args",
    " -Nu root -o pid",
    " -o pid,args --sort=foo",
    " --foo",
  ].map((options) => `top top${options}`),
  "rm -f top",
  // Resources: what a flag shows inside, and what is refused.
  "run --rm --oom-score-adj 500 D cat /proc/self/oom_score_adj",
  "run --rm --oom-score-adj 5000 D true",
  "run --rm --cpuset-cpus 0 D nproc",
  "run --rm --cpuset-cpus 0-900 D true",
  "run --rm --cpuset-cpus x D true",
  "run --rm --cpuset-mems 3 D true",
  "run --rm --shm-size 8m D sh -c 'df -k /dev/shm | tail -1'",
  "run --rm --ipc none D sh -c 'test -d /dev/shm || echo none'",
  "run --rm --ulimit core=1:2 D sh -c 'ulimit -c; ulimit -Hc'",
  "run --rm --ulimit nofile=9:3 D true",
  "run --rm --sysctl net.core.somaxconn=99 D cat /proc/sys/net/core/somaxconn",
  "run --rm --domainname foo.bar D sh -c 'cat /proc/sys/kernel/domainname'",
  'run --rm --tmpfs /t:size=1m,mode=700,uid=5,noexec D sh -c \'grep " /t " /proc/mounts; stat -c "%a %u" /t\'',
  "run --rm --tmpfs /t:foo=1 D true",
  "run --rm --tmpfs t D true",
  "run --rm --mount type=tmpfs,dst=/t,tmpfs-size=64k,tmpfs-mode=1770 D sh -c 'grep \" /t \" /proc/mounts'",
  "run --rm --storage-opt size=1G D true",
  "run --rm --uts host --hostname box D true",
  "run --rm --device-read-bps /dev/nosuch:1mb D true",
  // Namespaces of another container.
  "run -d --name one D sleep 100",
  "run -d --name two --network container:one --pid container:one D sleep 100",
  "exec two sh -c 'cat /proc/1/comm /proc/1/root/etc/debian_version; kill -0 1 && echo may'",
  "exec two sh -c 'readlink /proc/1/ns/pid /proc/self/ns/pid | uniq | wc -l; readlink /proc/1/ns/mnt /proc/self/ns/mnt | uniq | wc -l'",
  "exec two sh -c 'test $(hostname) = $HOSTNAME && echo named as the other'",
  "inspect -f '{{.HostConfig.NetworkMode}} {{.HostConfig.PidMode}} {{.NetworkSettings.Networks}}' two",
  'run -d --name served --network container:one D perl -e \'use Socket; socket(S,PF_INET,SOCK_STREAM,0); bind(S,pack_sockaddr_in(7777,INADDR_LOOPBACK)); listen(S,5); print STDERR "up"; while(accept(C,S)){ print C "answered"; close C}\'',
  "logs-until served up",
  "exec one bash -c 'cat < /dev/tcp/127.0.0.1/7777'",
  "exec two bash -c 'cat < /dev/tcp/127.0.0.1/7777'",
  "run --rm --ipc container:one D true",
  "run --rm --network container:one --hostname box D true",
  "run --rm --network container:one -p 80:80 D true",
  "run --rm --network container:one --add-host a:1.1.1.1 D true",
  "run --rm --pid container:nosuch D true",
  "kill two",
  "wait two",
  "inspect -f '{{.State.Status}}' one",
  "start two",
  "stop -t 0 one",
  "wait two",
  "exec served bash -c 'cat < /dev/tcp/127.0.0.1/7777'",
  "start two",
  "rm -f one two served",
  "run -d --name donor --ipc shareable D sleep 100",
  "run --rm --ipc container:donor D touch /dev/shm/a",
  "exec donor ls /dev/shm",
  "rm -f donor",
  "run -d --name trap D sh -c 'trap \"echo got it; exit 3\" TERM; echo ready; while :; do sleep 0.1; done'",
  "logs-until trap ready",
  "stop trap",
  "logs trap",
  "inspect -f '{{.State.ExitCode}}' trap",
  "rm trap",
];

/** Commands whose answers differ, and why. Only shrinks. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  "run --rm D /etc": "Debian's runc is built with a Go that does not say 'is a directory' yet",
  "exec bg no-such-program": "dockerd 20.10 answers 126; since moby 25 it is 127",
};

interface Turn {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const isPossible = hasDockerCli && mayRunDockerd && hasBuiltCommand && hasImage("debian");

describe.skipIf(!isPossible)(
  "linux/amd64 here and under dockerd (needs docker 28, dockerd, the build and npm run images)",
  () => {
    let directory = "";
    let engine: EngineProcess | undefined;
    let dockerd: Dockerd | undefined;
    let mine: readonly Turn[] = [];
    let theirs: readonly Turn[] = [];

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), "slipway-linux-"));
      dockerd = await startDockerd("overlay2");
      if (dockerd === undefined) return;
      const args = ["-H", "tcp://127.0.0.1:0", "--data-root", join(directory, "data"), "--mirror", IMAGES];
      engine = await EngineProcess.start(args);
      const [here, there] = [new DockerCli(engine.host), new DockerCli(dockerd.host)];
      await here.run(["pull", "-q", IMAGE]);
      await here.run(["create", "--name", "source", IMAGE]);
      const tar = join(directory, "rootfs.tar");
      execFileSync("docker", ["export", "-o", tar, "source"], { env: here.environment });
      execFileSync("docker", ["import", tar, IMAGE], { env: there.environment });
      await here.run(["rm", "source"]);
      [mine, theirs] = [await play(here), await play(there)];
      here.dispose();
      there.dispose();
    }, 300_000);

    afterAll(async () => {
      await engine?.stop("SIGTERM");
      await dockerd?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    it("answer the same, but for the differences listed", (test) => {
      if (dockerd === undefined) test.skip("dockerd does not start on this machine");
      expect(mine.length).toBe(SCRIPT.length);
      for (const [index, turn] of mine.entries()) {
        const other = theirs[index];
        if (DIFFERENCES[turn.command] === undefined) expect.soft(turn, turn.command).toEqual(other);
        else expect.soft(turn, `no longer different: ${turn.command}`).not.toEqual(other);
      }
    });
  },
);

async function play(cli: DockerCli): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  for (const command of SCRIPT) {
    const [, stdin = "", line = ""] = /^(?:<<([\s\S]*?\n) )?([\s\S]*)$/.exec(command) ?? [];
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
    if (words[0] === "logs-until") {
      await untilLogged(cli, words[1] ?? "", words[2] ?? "");
      turns.push({ command, exitCode: 0, stdout: "", stderr: "" });
      continue;
    }
    const result = await cli.run(
      words.map((word) => (word === "D" ? IMAGE : word)),
      stdin,
    );
    turns.push({
      command,
      exitCode: result.exitCode,
      stdout: normalise(words[0] === "top" ? withoutNumbers(result.stdout) : result.stdout),
      stderr: normalise(result.stderr),
    });
  }
  return turns;
}

function withoutNumbers(table: string): string {
  // A daemon that was started niced starts niced programs.
  const line = (text: string): string =>
    text
      .replace(/\b([RSD])N(s?l?\b)/g, "$1$2")
      .replace(/\b\d+(\.\d)?\b/g, "N")
      .trimEnd()
      .replace(/ +/g, " ");
  return table.split("\n").map(line).join("\n");
}

async function untilLogged(cli: DockerCli, name: string, text: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (
      Object.values(await cli.run(["logs", name]))
        .join(" ")
        .includes(text)
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What differs from run to run: identifiers of containers. dockerd 20.10 has other words around runc's. */
function normalise(text: string): string {
  return (
    text
      // As moby says it since 23.
      .replace(/can't join IPC of container/, "failed to join IPC namespace: container")
      .replace(/\b[0-9a-f]{64}\b/g, "<id>")
      .replace(/\b[0-9a-f]{12}\b/g, "<id>")
      .replace(/(failed to create task for container: )?failed to create shim task: /g, "")
      .replace(/OCI runtime create failed: (runc create failed: |container_linux.go:\d+: )?/g, "")
      .replace(/(starting container process caused|unable to start container process): /g, "<runc>: ")
      .replace(/\n\nRun 'docker run --help' for more information/, "")
  );
}
