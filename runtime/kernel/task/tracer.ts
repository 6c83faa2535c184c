/** Who hears of a task's calls, signals and end: strace. A task without one costs a comparison per call. */
import type { SignalInfo } from "./signal-state.ts";
import type { Task } from "./task.ts";

export interface Tracer {
  /** It stands at a call; registers are as the program set them. */
  entered(task: Task, number: number): void;
  /** The call has its answer. */
  answered(task: Task, result: number): void;
  /** A signal is taken. */
  signalled(task: Task, info: SignalInfo): void;
  /** With its wait status. */
  ended(task: Task, status: number): void;
}
