/**
 * `docker commit --change`: Dockerfile instructions that change only a configuration (moby
 * builder/dockerfile: BuildFromConfig and its dispatchers). Each instruction is a pure function from
 * the configuration before it to the one after it; which there are is moby's list.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { ContainerConfig, HealthConfig } from "../containers/config.ts";
import { parseSignal } from "../signals.ts";
import { parseDuration } from "../time.ts";
import type { Instruction } from "./dockerfile-lines.ts";
import { readInstructions } from "./dockerfile-lines.ts";
import type { CommandLine } from "./instruction-arguments.ts";
import { commandLineOf, flagsOf, pairsOf, plainWordsOf, wordsOf } from "./instruction-arguments.ts";
import { expandWord, expandWords, variablesOf } from "./word-expansion.ts";

/** What the instructions work on: CMD is kept by a later ENTRYPOINT only when these changes set it. */
interface Build {
  readonly config: ContainerConfig;
  readonly isCmdSet: boolean;
}

type Change = (build: Build, instruction: Instruction) => Partial<ContainerConfig>;

const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];
/** moby: nothing finer makes sense for a health check. */
const DURATION_NS_MIN = 1_000_000n;

const CHANGES: Readonly<Record<string, Change>> = {
  cmd: ({ config }, instruction) => {
    flagsOf(instruction);
    return { Cmd: withShell(config, commandLineOf(instruction.rest)), ArgsEscaped: false };
  },
  entrypoint: ({ config, isCmdSet }, instruction) => {
    flagsOf(instruction);
    const line = commandLineOf(instruction.rest);
    const Entrypoint = line.words.length === 0 ? null : withShell(config, line);
    return { Entrypoint, ArgsEscaped: false, ...(isCmdSet ? {} : { Cmd: null }) };
  },
  env: ({ config }, instruction) => {
    flagsOf(instruction);
    const env = [...(config.Env ?? [])];
    const variables = variablesOf(env);
    for (const { key, value } of pairsOf(instruction.rest, "ENV")) {
      const name = expandWord(key, variables);
      const entry = `${name}=${expandWord(value, variables)}`;
      const known = env.findIndex((other) => other.split("=", 1)[0] === name);
      if (known < 0) env.push(entry);
      else env[known] = entry;
    }
    return { Env: env };
  },
  label: ({ config }, instruction) => {
    flagsOf(instruction);
    const variables = variablesOf(config.Env ?? []);
    const labels = pairsOf(instruction.rest, "LABEL").map(
      ({ key, value }) => [expandWord(key, variables), expandWord(value, variables)] as const,
    );
    return { Labels: { ...config.Labels, ...Object.fromEntries(labels) } };
  },
  expose: ({ config }, instruction) => {
    const written = plainWordsOf(instruction.rest);
    if (written.length === 0) throw invalid("EXPOSE requires at least one argument");
    flagsOf(instruction);
    const variables = variablesOf(config.Env ?? []);
    const ports = written.flatMap((word) => expandWords(word, variables)).flatMap(portsOf);
    return { ExposedPorts: { ...config.ExposedPorts, ...emptyObjects(ports) } };
  },
  volume: ({ config }, instruction) => {
    const written = wordsOf(instruction.rest);
    if (written.length === 0) throw invalid("VOLUME requires at least one argument");
    flagsOf(instruction);
    const variables = variablesOf(config.Env ?? []);
    const volumes = written.map((word) => expandWord(word.trim(), variables));
    if (volumes.includes("")) throw invalid("VOLUME specified can not be an empty string");
    return { Volumes: { ...config.Volumes, ...emptyObjects(volumes) } };
  },
  user: (build, instruction) => ({ User: onlyWord(build, instruction, "USER") }),
  workdir: (build, instruction) => {
    const path = onlyWord(build, instruction, "WORKDIR");
    if (path === "") throw invalid("cannot normalize nothing");
    return { WorkingDir: path.startsWith("/") ? path : joined(build.config.WorkingDir, path) };
  },
  stopsignal: (build, instruction) => {
    const StopSignal = onlyWord(build, instruction, "STOPSIGNAL");
    parseSignal(StopSignal);
    return { StopSignal };
  },
  onbuild: ({ config }, instruction) => {
    const [trigger = ""] = plainWordsOf(instruction.rest);
    const name = trigger.toUpperCase();
    if (name === "") throw invalid("ONBUILD requires at least one argument");
    flagsOf(instruction);
    if (name === "ONBUILD") throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (name === "MAINTAINER" || name === "FROM") {
      throw invalid(`${name} isn't allowed as an ONBUILD trigger`);
    }
    return { OnBuild: [...(config.OnBuild ?? []), instruction.line.replace(/^\s*onbuild\s*/i, "")] };
  },
  healthcheck: (_build, instruction) => ({ Healthcheck: healthOf(instruction) }),
};

/**
 * `config` after `changes`.
 * @throws SlipwayError `invalidParameter`, in buildkit's words.
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  if (changes.length === 0) return config;
  const instructions = readInstructions(changes.join("\n"));
  for (const { name } of instructions) {
    if (!Object.hasOwn(CHANGES, name.toLowerCase())) throw invalid(`${name} is not a valid change command`);
  }
  let build: Build = { config, isCmdSet: false };
  for (const instruction of instructions) {
    const name = instruction.name.toLowerCase();
    const changed = CHANGES[name]?.(build, instruction) ?? {};
    build = {
      config: { ...build.config, ...changed },
      isCmdSet: build.isCmdSet || (name === "cmd" && instruction.rest !== ""),
    };
  }
  return build.config;
}

function withShell(config: ContainerConfig, { words, isExec }: CommandLine): readonly string[] {
  if (isExec) return words;
  const shell = config.Shell ?? [];
  return [...(shell.length > 0 ? shell : DEFAULT_SHELL), ...words];
}

function onlyWord({ config }: Build, instruction: Instruction, name: string): string {
  if (instruction.rest === "") throw invalid(`${name} requires exactly one argument`);
  flagsOf(instruction);
  return expandWord(instruction.rest, variablesOf(config.Env ?? []));
}

function emptyObjects(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** Go's path.Join of the root, where we are and where to go. */
function joined(current: string, path: string): string {
  const names: string[] = [];
  for (const name of `${current}/${path}`.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

/** "80", "53/udp", "8000-8010"; a host's part in front is checked and forgotten. */
function portsOf(spec: string): readonly string[] {
  const container = spec.slice(spec.lastIndexOf(":") + 1);
  const [range = "", protocol = ""] = container.split("/", 2);
  const proto = protocol === "" ? "tcp" : protocol.toLowerCase();
  if (range === "") throw invalid(`no port specified: ${spec}<empty>`);
  if (!["tcp", "udp", "sctp"].includes(proto)) throw invalid(`invalid proto: ${proto}`);
  const [from = "", to = from] = range.split("-", 2);
  const [first, last] = [Number(from), Number(to)];
  const isPort = /^\d{1,5}$/.test(from) && /^\d{1,5}$/.test(to) && last <= 65_535 && first <= last;
  if (!isPort) throw invalid(`invalid containerPort: ${range}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${proto}`);
}

function healthOf(instruction: Instruction): HealthConfig {
  const [, type = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(instruction.rest) ?? [];
  if (type === "") throw invalid("HEALTHCHECK requires at least one argument");
  const kind = type.toUpperCase();
  if (kind === "NONE") {
    if (rest !== "") throw invalid("HEALTHCHECK NONE takes no arguments");
    return { Test: ["NONE"] };
  }
  const flags = flagsOf(instruction, ["interval", "timeout", "start-period", "start-interval", "retries"]);
  if (kind !== "CMD") throw invalid(`Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`);
  const { words, isExec } = commandLineOf(rest);
  if (words.length === 0) throw invalid("Missing command after HEALTHCHECK CMD");
  const span = (field: string, flag: string): HealthConfig => {
    const ns = durationOf(flag, flags.get(flag) ?? "");
    return ns === 0 ? {} : { [field]: ns };
  };
  const retries = retriesOf(flags.get("retries") ?? "");
  return {
    Test: [isExec ? "CMD" : "CMD-SHELL", ...words],
    ...span("Interval", "interval"),
    ...span("Timeout", "timeout"),
    ...span("StartPeriod", "start-period"),
    ...span("StartInterval", "start-interval"),
    ...(retries === 0 ? {} : { Retries: retries }),
  };
}

function durationOf(flag: string, text: string): number {
  if (text === "") return 0;
  const ns = parseDuration(text);
  if (ns === undefined) throw invalid(`time: invalid duration ${JSON.stringify(text)}`);
  if (ns !== 0n && ns < DURATION_NS_MIN) throw invalid(`Interval "${flag}" cannot be less than 1ms`);
  return Number(ns);
}

function retriesOf(text: string): number {
  if (text === "") return 0;
  if (!/^[+-]?\d{1,10}$/.test(text)) {
    throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (Number(text) < 0) throw invalid(`--retries cannot be negative (${text})`);
  return Number(text);
}

function invalid(message: string): Error {
  return fail("invalidParameter", message);
}
