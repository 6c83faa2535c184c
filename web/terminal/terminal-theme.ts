/**
 * The terminal's colours, read from the design tokens. xterm paints for itself and wants plain
 * colours; a probe element makes the browser compute what a token means right now.
 */
import type { ITheme } from "@xterm/xterm";

const TOKENS = {
  background: "--terminal",
  foreground: "--ink",
  cursor: "--signal",
  cursorAccent: "--terminal",
  selectionBackground: "--ansi-selection",
  black: "--ansi-black",
  red: "--ansi-red",
  green: "--ansi-green",
  yellow: "--ansi-yellow",
  blue: "--ansi-blue",
  magenta: "--ansi-magenta",
  cyan: "--ansi-cyan",
  white: "--ansi-white",
  brightBlack: "--ansi-bright-black",
  brightRed: "--ansi-bright-red",
  brightGreen: "--ansi-bright-green",
  brightYellow: "--ansi-bright-yellow",
  brightBlue: "--ansi-bright-blue",
  brightMagenta: "--ansi-bright-magenta",
  brightCyan: "--ansi-bright-cyan",
  brightWhite: "--ansi-bright-white",
} as const satisfies Partial<Record<keyof ITheme, string>>;

export function terminalTheme(place: HTMLElement): ITheme {
  const probe = document.createElement("span");
  probe.hidden = true;
  place.append(probe);
  const theme: Record<string, string> = {};
  for (const [name, token] of Object.entries(TOKENS)) {
    probe.style.color = `var(${token})`;
    theme[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return theme;
}
