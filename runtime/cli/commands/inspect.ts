/**
 * docker inspect: the daemon's own words about an object, laid out; or a template over them. A template
 * is first run over the object as Go's structs have it, and when that fails over the plain JSON, whose
 * error is the one reported (docker/cli: inspect/inspector.go).
 */
import { isKind, messageOf } from "../../../layers/base/errors.ts";
import type { WithRaw } from "../../client/api-caller.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { errorText } from "../error-text.ts";
import { compactJson, indentJson } from "../format/json-indent.ts";
import { OBJECT_FORMAT } from "../format-flags.ts";
import { goObject } from "../go-objects.ts";
import type { Template } from "../template/ast.ts";
import { executeTemplate } from "../template/evaluate.ts";
import { FUNCTION_NAMES } from "../template/functions.ts";
import { TemplateError } from "../template/lexer.ts";
import { parseTemplate } from "../template/parser.ts";
import { platformJson } from "./history.ts";

interface Found {
  readonly type: string;
  readonly object: WithRaw<unknown>;
}
type Lookup = (name: string) => Promise<Found>;

/** Every type `--type` may name, in the order they are tried. */
const TYPES = [
  "container",
  "image",
  "network",
  "volume",
  "service",
  "task",
  "node",
  "plugin",
  "secret",
  "config",
];

export const inspect: Command = {
  names: ["inspect"],
  use: "[OPTIONS] NAME|ID [NAME|ID...]",
  summary: "Return low-level information on Docker objects",
  flags: [
    OBJECT_FORMAT,
    {
      name: "size",
      short: "s",
      type: "bool",
      usage: "Display total file sizes if the type is container",
    },
    { name: "type", type: "string", usage: "Only inspect objects of the given type" },
  ],
  arguments: { kind: "atLeast", count: 1 },
  run(context) {
    const type = context.flags.string("type");
    if (context.flags.has("type") && type === "")
      throw new ExitError(
        1,
        'type is empty: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"',
      );
    if (type !== "" && !TYPES.includes(type)) {
      throw new ExitError(
        1,
        `unknown type: ${JSON.stringify(type)}: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"`,
      );
    }
    return showAll(context, lookupAny(context, type));
  },
};

export const containerInspect: Command = {
  names: ["container inspect"],
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Display detailed information on one or more containers",
  flags: [
    OBJECT_FORMAT,
    { name: "size", short: "s", type: "bool", usage: "Display total file sizes" },
  ],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) => showAll(context, lookupContainer(context)),
};

export const imageInspect: Command = {
  names: ["image inspect"],
  use: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Display detailed information on one or more images",
  flags: [
    OBJECT_FORMAT,
    {
      name: "platform",
      type: "string",
      usage:
        "Inspect a specific platform of the multi-platform image.\n" +
        "If the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n" +
        "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    },
  ],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) => showAll(context, lookupImage(context)),
};

function lookupContainer(context: CommandContext): Lookup {
  const size = context.flags.bool("size");
  return async (name) => ({
    type: "container",
    object: await context.client.containers.containerInspect(name, {
      size,
      signal: context.signal,
    }),
  });
}

function lookupImage(context: CommandContext): Lookup {
  const platform = context.flags.string("platform");
  return async (name) => ({
    type: "image",
    object: await context.client.images.imageInspect(name, {
      ...(platform === "" ? {} : { platform: platformJson(platform) }),
      signal: context.signal,
    }),
  });
}

function lookupAny(context: CommandContext, type: string): Lookup {
  const lookups: [string, Lookup][] = [
    ["container", lookupContainer(context)],
    ["image", lookupImage(context)],
  ];
  return async (name) => {
    for (const [candidate, lookup] of lookups) {
      if (type !== "" && type !== candidate) continue;
      try {
        return await lookup(name);
      } catch (thrown) {
        // Of no type in particular, what is not there may be there as another.
        if (type !== "" || !isKind(thrown, "notFound")) throw thrown;
      }
    }
    throw new ExitError(1, `Error: No such ${type === "" ? "object" : type}: ${name}`);
  };
}

async function showAll(context: CommandContext, lookup: Lookup): Promise<number> {
  const format = context.flags.string("format");
  const shower =
    format === "" || format === "json"
      ? new JsonShower(format === "json")
      : new TemplateShower(parseInspect(format));
  const failures: string[] = [];
  for (const name of context.args) {
    try {
      shower.add(await lookup(name));
    } catch (thrown) {
      if (isKind(thrown, "cancelled")) throw thrown;
      if (thrown instanceof TemplateError) {
        await context.out(shower.text());
        throw thrown;
      }
      failures.push(thrown instanceof ExitError ? thrown.message : errorText(thrown));
    }
  }
  await context.out(shower.text());
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  return 0;
}

function parseInspect(format: string): Template {
  try {
    return parseTemplate(format, FUNCTION_NAMES);
  } catch (thrown) {
    // Docker's status error for this one has an exit code of its own.
    throw new ExitError(64, `template parsing error: ${messageOf(thrown)}`);
  }
}

interface Shower {
  add(found: Found): void;
  text(): string;
}

class JsonShower implements Shower {
  readonly #isCompact: boolean;
  readonly #objects: string[] = [];

  constructor(isCompact: boolean) {
    this.#isCompact = isCompact;
  }

  add(found: Found): void {
    this.#objects.push(found.object.raw);
  }

  text(): string {
    if (this.#isCompact) return `[${this.#objects.map(compactJson).join(",")}]\n`;
    return `${indentJson(`[${this.#objects.join(",")}]`, "    ")}\n`;
  }
}

class TemplateShower implements Shower {
  readonly #template: Template;
  #text = "";
  #count = 0;

  constructor(template: Template) {
    this.#template = template;
  }

  add(found: Found): void {
    this.#text += `${this.#render(found)}\n`;
    this.#count++;
  }

  #render(found: Found): string {
    try {
      return executeTemplate(this.#template, goObject(found.object.value, found.type), {
        isMissingKeyError: true,
      });
    } catch (typed) {
      if (!(typed instanceof TemplateError)) throw typed;
      try {
        return executeTemplate(this.#template, found.object.value, { isMissingKeyError: true });
      } catch (thrown) {
        throw new TemplateError(`template parsing error: ${messageOf(thrown)}`);
      }
    }
  }

  text(): string {
    return this.#count === 0 ? "\n" : this.#text;
  }
}
