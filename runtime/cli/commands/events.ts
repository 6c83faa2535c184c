/** docker events: what happens in the engine, as it happens. */
import type { Event } from "../../client/system.ts";
import { apiTime } from "../api-times.ts";
import type { Command } from "../command.ts";
import { ExitError } from "../command.ts";
import { FILTER, filtersOf } from "../filters.ts";
import { EVENTS_FORMAT } from "../format-flags.ts";
import { formatRfc3339NanoFixed } from "../format/go-time.ts";
import type { Template } from "../template/ast.ts";
import { executeTemplate } from "../template/evaluate.ts";
import { FUNCTION_NAMES } from "../template/functions.ts";
import { parseTemplate } from "../template/parser.ts";
import { GoStruct, compareText, toJson } from "../template/values.ts";
import { messageOf } from "../../../layers/base/errors.ts";

export const events: Command = {
  names: ["system events", "events"],
  use: "[OPTIONS]",
  summary: "Get real time events from the server",
  flags: [
    FILTER,
    EVENTS_FORMAT,
    { name: "since", type: "string", usage: "Show all events created since timestamp" },
    { name: "until", type: "string", usage: "Stream events until this timestamp" },
  ],
  arguments: { kind: "none" },
  async run(context) {
    const { flags, signal } = context;
    const now = context.io.clock.nowNs();
    const format = flags.string("format");
    const template = format === "" || format === "json" ? undefined : parseEvents(format);
    const stream = await context.client.system.systemEvents({
      since: apiTime(flags.string("since"), now),
      until: apiTime(flags.string("until"), now),
      filters: filtersOf(flags.list("filter")),
      signal,
    });
    for await (const event of stream) {
      if (format === "json") await context.out(`${toJson(goEvent(event))}\n`);
      else
        await context.out(
          `${template === undefined ? eventText(event) : executeTemplate(template, goEvent(event))}\n`,
        );
    }
    return 0;
  },
};

function parseEvents(format: string): Template {
  try {
    return parseTemplate(format, FUNCTION_NAMES);
  } catch (thrown) {
    throw new ExitError(64, `Error parsing format: ${messageOf(thrown)}`);
  }
}

/** As events.Message marshals: the deprecated status, id and from are there too, first. */
function goEvent(event: Event): GoStruct {
  const actor = event.Actor;
  const plain = event as Event & { readonly status?: string; readonly id?: string; readonly from?: string };
  return new GoStruct("*events.Message", {
    ...(plain.status === undefined ? {} : { status: plain.status, Status: () => plain.status }),
    ...(plain.id === undefined ? {} : { id: plain.id, ID: () => plain.id }),
    ...(plain.from === undefined ? {} : { from: plain.from, From: () => plain.from }),
    Type: event.Type,
    Action: event.Action,
    Actor: new GoStruct("events.Actor", { ID: actor?.ID, Attributes: actor?.Attributes ?? {} }),
    scope: event.scope,
    Scope: () => event.scope,
    time: event.time,
    Time: () => event.time,
    ...(event.timeNano === 0 ? {} : { timeNano: event.timeNano }),
    TimeNano: () => event.timeNano,
  });
}

/** "2026-11-21T10:00:00.000000000Z container start 0123… (image=alpine, name=web)" */
function eventText(event: Event): string {
  const ns =
    event.timeNano === undefined || event.timeNano === 0
      ? BigInt(event.time ?? 0) * 1_000_000_000n
      : BigInt(event.timeNano);
  const attributes: Readonly<Record<string, string>> = event.Actor?.Attributes ?? {};
  const names = Object.keys(attributes).sort(compareText);
  const list = names.map((name) => `${name}=${attributes[name] ?? ""}`).join(", ");
  const head = `${formatRfc3339NanoFixed(ns)} ${event.Type ?? ""} ${event.Action ?? ""} ${event.Actor?.ID ?? ""}`;
  return names.length === 0 ? head : `${head} (${list})`;
}
