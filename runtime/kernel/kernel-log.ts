/**
 * The kernel's own messages: what dmesg(1) shows (syslog(2), kernel/printk/printk.c). One hard idea: they are few, for
 * a person who asks why a program was killed; the oldest go when there are too many.
 */
const BYTES_MAX = 262_144;
const NS_PER_US = 1000;
const US_PER_S = 1_000_000;

/** KERN_ levels. */
export const LogLevel = { error: 3, warning: 4, notice: 5, info: 6 } as const;

interface Message {
  readonly level: number;
  readonly atNs: number;
  readonly text: string;
}

export class KernelLog {
  #messages: Message[] = [];
  #bytes = 0;
  /** Where syslog(2) with SYSLOG_ACTION_READ_CLEAR and CLEAR begins to show again. */
  #shownFrom = 0;

  readonly sizeBytes = BYTES_MAX;

  write(level: number, atNs: number, text: string): void {
    this.#messages.push({ level, atNs, text });
    this.#bytes += text.length;
    while (this.#bytes > BYTES_MAX) {
      this.#bytes -= this.#messages.shift()?.text.length ?? 0;
      this.#shownFrom = Math.max(0, this.#shownFrom - 1);
    }
  }

  /** All that was not cleared, a line each: "<6>[    0.000000] text". */
  get text(): string {
    return this.#messages.slice(this.#shownFrom).map(line).join("");
  }

  clear(): void {
    this.#shownFrom = this.#messages.length;
  }
}

function line({ level, atNs, text }: Message): string {
  const us = Math.floor(atNs / NS_PER_US);
  const seconds = String(Math.floor(us / US_PER_S)).padStart(5);
  return `<${level}>[${seconds}.${String(us % US_PER_S).padStart(6, "0")}] ${text}\n`;
}
