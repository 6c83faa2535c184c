/** Every case there is. */
import type { ProgramCase } from "../case.ts";
import { BUSYBOX_CASES } from "./busybox.ts";
import { COMPILER_CASES, INTERPRETER_CASES } from "./compilers.ts";
import { COREUTILS_CASES } from "./coreutils.ts";
import { DAEMON_CASES } from "./daemons.ts";
import { DEBUGGER_CASES } from "./debuggers.ts";
import { LANGUAGE_CASES } from "./languages.ts";
import { PYTHON_CASES } from "./python.ts";
import { SERVICE_CASES } from "./services.ts";
import { SHELL_CASES } from "./shells.ts";
import { TEXT_CASES } from "./text.ts";
import { TOOL_CASES } from "./tools.ts";
import { WILD_TOOL_CASES } from "./wild-tools.ts";

export const CASES: readonly ProgramCase[] = [
  ...SHELL_CASES, ...BUSYBOX_CASES, ...COREUTILS_CASES, ...TEXT_CASES, ...TOOL_CASES, ...LANGUAGE_CASES, ...PYTHON_CASES,
  ...SERVICE_CASES, ...COMPILER_CASES, ...INTERPRETER_CASES, ...DAEMON_CASES, ...WILD_TOOL_CASES, ...DEBUGGER_CASES,
];
