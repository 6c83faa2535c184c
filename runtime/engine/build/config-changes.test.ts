/** What each instruction does to a configuration, and buildkit's sentences for what it refuses. */
import { describe, expect, it } from "vitest";
import type { ContainerConfig } from "../containers/config.ts";
import { EMPTY_CONFIG } from "../containers/config.ts";
import { applyChanges } from "./config-changes.ts";

const BASE: ContainerConfig = {
  ...EMPTY_CONFIG,
  Env: ["PATH=/bin", "NAME=a b"],
  Cmd: ["old"],
  WorkingDir: "/srv",
};

/** The fields that changed. */
function changed(...changes: readonly string[]): Partial<ContainerConfig> {
  const after = applyChanges(BASE, changes);
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => value !== BASE[name as keyof ContainerConfig]),
  );
}

describe("docker commit --change", () => {
  it.each<[string, Partial<ContainerConfig>]>([
    ['CMD ["a", "b c"]', { Cmd: ["a", "b c"] }],
    ["CMD a  $NAME", { Cmd: ["/bin/sh", "-c", "a  $NAME"] }],
    ["CMD [a]", { Cmd: ["/bin/sh", "-c", "[a]"] }],
    ["CMD []", { Cmd: [] }],
    ['entrypoint ["x"]', { Entrypoint: ["x"], Cmd: null }],
    [
      "ENV A=1 B=\"x y\" C=$NAME D='$NAME' E=\\$A",
      {
        Env: ["PATH=/bin", "NAME=a b", "A=1", "B=x y", "C=a b", "D=$NAME", "E=$A"],
      },
    ],
    ["ENV NAME  the rest  of it", { Env: ["PATH=/bin", "NAME=the rest  of it"] }],
    [
      "ENV A=${NAME} B=${NONE:-word} C=${NAME:+set} D=${NONE}",
      {
        Env: ["PATH=/bin", "NAME=a b", "A=a b", "B=word", "C=set", "D="],
      },
    ],
    ["LABEL a=b \"c d\"='e f'", { Labels: { a: "b", "c d": "e f" } }],
    [
      "EXPOSE 80 53/udp 8000-8002",
      {
        ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {} },
      },
    ],
    ['VOLUME ["/data", "/a b"]', { Volumes: { "/data": {}, "/a b": {} } }],
    ["VOLUME /data /more", { Volumes: { "/data": {}, "/more": {} } }],
    ["USER 1000:1000", { User: "1000:1000" }],
    ["WORKDIR sub/../dir", { WorkingDir: "/srv/dir" }],
    ["WORKDIR $PATH", { WorkingDir: "/bin" }],
    ["STOPSIGNAL SIGQUIT", { StopSignal: "SIGQUIT" }],
    ["ONBUILD RUN make  all", { OnBuild: ["RUN make  all"] }],
    ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
    [
      "HEALTHCHECK --interval=1m30s --retries=2 CMD curl -f localhost",
      {
        Healthcheck: { Test: ["CMD-SHELL", "curl -f localhost"], Interval: 90e9, Retries: 2 },
      },
    ],
    ["# a comment\nCMD a \\\n  b", { Cmd: ["/bin/sh", "-c", "a   b"] }],
  ])("%s", (change, expected) => {
    expect(changed(change)).toEqual(expected);
  });

  it("keeps a command that was set before the entrypoint, and uses the shell of the configuration", () => {
    expect(changed('CMD ["c"]', 'ENTRYPOINT ["e"]')).toEqual({ Cmd: ["c"], Entrypoint: ["e"] });
    expect(applyChanges({ ...BASE, Shell: ["bash", "-c"] }, ["CMD x"]).Cmd).toEqual(["bash", "-c", "x"]);
  });

  it.each([
    ["RUN make", "RUN is not a valid change command"],
    ['SHELL ["bash"]', "SHELL is not a valid change command"],
    ["", "file with no instructions"],
    ["ENV", "ENV requires at least one argument"],
    ["ENV A", "ENV must have two arguments"],
    ["ENV A=1 B", 'Syntax error - can\'t find = in "B". Must be of the form: name=value'],
    ["ENV =1", "ENV names can not be blank"],
    [
      'ENV A="x',
      'failed to process "\\"x": unexpected end of statement while looking for matching double-quote',
    ],
    ["CMD [1]", "when using JSON array syntax, arrays must be comprised of strings only"],
    ["CMD --flag x", "unknown flag: --flag"],
    ["EXPOSE http", "invalid containerPort: http"],
    ["EXPOSE 80/icmp", "invalid proto: icmp"],
    ["USER", "USER requires exactly one argument"],
    ["STOPSIGNAL NOPE", "invalid signal: NOPE"],
    ["ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ["ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"],
    ["HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"],
    ["HEALTHCHECK TEST x", 'Unknown type "TEST" in HEALTHCHECK (try CMD)'],
    ["HEALTHCHECK --interval=1us CMD x", 'Interval "interval" cannot be less than 1ms'],
    ['VOLUME [""]', "VOLUME specified can not be an empty string"],
  ])("refuses %s", (change, message) => {
    expect(() => changed(change)).toThrow(message);
  });
});
