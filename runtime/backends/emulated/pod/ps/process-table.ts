/**
 * `docker top`: ps(1) for the container's processes, from the kernel's own tasks. One hard idea: dockerd reads the
 * text that ps printed and cuts it at blanks again, giving the last column what is left over; so do we, which is
 * why a date of five words slides into the columns behind it. Numbers are the container's.
 */
import { fail } from "../../../../../layers/base/errors.ts";
import { stateOf } from "../../../../kernel/fs/proc/status-text.ts";
import type { Task } from "../../../../kernel/task/task.ts";
import type { ProcessTable } from "../../../backend.ts";
import type { Column, View } from "./columns.ts";
import { columnNamed, commandOf, terminalOf } from "./columns.ts";
import { bsdFormat, columnsOf, unixFormat } from "./formats.ts";
import type { PsRequest, Selection } from "./options.ts";
import { parseOptions } from "./options.ts";

/** @throws SlipwayError `system`, in ps's or dockerd's words. */
export function processTable(view: View, psArguments: readonly string[]): ProcessTable {
  const request = parseOptions(psArguments);
  const columns = formatOf(request);
  const titles = columns.flatMap(({ title }) => words(title));
  const pidAt = titles.indexOf("PID");
  if (pidAt < 0) throw fail("system", "Couldn't find PID field in ps output");
  const shown = view.tasks
    .filter((task) => request.hasThreads || task === task.process.leader)
    .filter((task) => isSelected(task, request, view));
  if (shown.length === 0) throw fail("system", "ps: exit status 1");
  const ordered = request.isForest
    ? forest(sorted(shown, request, view))
    : sorted(shown, request, view).map(root);
  return { titles, rows: ordered.map((row) => cellsOf(row, columns, titles.length, view)) };
}

interface Row {
  readonly task: Task;
  /** How deep in the forest. */
  readonly depth: number;
}

const root = (task: Task): Row => ({ task, depth: 0 });
const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

function formatOf(request: PsRequest): readonly Column[] {
  if (request.columns !== undefined) return columnsOf(request.columns);
  if (request.bsd.size > 0) return bsdFormat(request.bsd);
  return unixFormat(request.unix, request.hasThreads);
}

/** As dockerd cuts a line of ps. */
function cellsOf(
  { task, depth }: Row,
  columns: readonly Column[],
  count: number,
  view: View,
): readonly string[] {
  const texts = columns.map((column) => {
    const text = String(column.value(task, view));
    return depth > 0 && ["COMMAND", "CMD"].includes(column.title) ? `\\_ ${text}` : text;
  });
  const cells = words(texts.join(" "));
  return [...cells.slice(0, count - 1), cells.slice(count - 1).join(" ")];
}

function isSelected(task: Task, { selections, isNegated }: PsRequest, view: View): boolean {
  if (selections.length === 0) return true;
  return selections.some((selection) => isMeant(task, selection, view)) !== isNegated;
}

function isMeant(task: Task, selection: Selection, view: View): boolean {
  const { credentials, process } = task;
  const { pids, userName, groupName } = view;
  const has = (...names: readonly (string | number)[]): boolean =>
    selection.kind !== "running" && names.some((name) => selection.list.includes(String(name)));
  switch (selection.kind) {
    case "running":
      return stateOf(task) === "R";
    case "pid":
      return has(process.leader.tidIn(pids));
    case "ppid":
      return has(process.parent?.leader.tidIn(pids) ?? 0);
    case "session":
      return has(process.session.leader.leader.tidIn(pids));
    case "user":
      return has(credentials.euid, userName(credentials.euid));
    case "ruser":
      return has(credentials.uid, userName(credentials.uid));
    case "group":
      return has(credentials.gid, groupName(credentials.gid));
    case "command":
      return has(task.comm, commandOf(task).split(" ")[0] ?? "");
    case "terminal":
      return has(terminalOf(task), terminalOf(task).replace("?", "-"));
  }
}

function sorted(tasks: readonly Task[], { sorting }: PsRequest, view: View): readonly Task[] {
  const keys = sorting.map((name) => ({
    column: columnNamed(name.replace(/^[-+]/, ""), "unknown sort specifier"),
    sign: name.startsWith("-") ? -1 : 1,
  }));
  return [...tasks].sort((first, second) => {
    for (const { column, sign } of keys) {
      const order = compare(column.value(first, view), column.value(second, view));
      if (order !== 0) return order * sign;
    }
    return 0;
  });
}

function compare(first: string | number, second: string | number): number {
  const [left, right] = [Number(first), Number(second)];
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  return first < second ? -1 : first > second ? 1 : 0;
}

/** Children below their parents. */
function forest(tasks: readonly Task[]): readonly Row[] {
  const isShown = (parent: Task | undefined): boolean => parent !== undefined && tasks.includes(parent);
  const below = (task: Task, depth: number): readonly Row[] => [
    { task, depth },
    ...tasks
      .filter(({ process }) => process.parent?.leader === task)
      .flatMap((child) => below(child, depth + 1)),
  ];
  return tasks.filter(({ process }) => !isShown(process.parent?.leader)).flatMap((task) => below(task, 0));
}
