/** What a new terminal says first: what this is, commands that work, and the way out by keyboard. */
const dim = (text: string): string => `\x1b[90m${text}\x1b[0m`;
const bold = (text: string): string => `\x1b[1m${text}\x1b[0m`;

export const WELCOME = [
  `${bold("Slipway")} ${dim("Docker in this browser tab: nothing is installed, nothing leaves it.")}`,
  "",
  `  ${bold("docker run -it --rm debian:bookworm-slim bash")}`,
  `  ${bold("docker run --rm hello-wasi")}`,
  `  ${bold("docker run --rm ruby ruby -e 'puts 6 * 7'")}`,
  "",
  dim("Tab completes, the up arrow recalls, F6 leaves the terminal."),
  "",
].join("\r\n") + "\r\n";
