/**
 * linux/amd64 images in real browsers, from a page without cross-origin isolation: programs from the
 * command line, an interactive bash as a person types in it, and output that does not end.
 */
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { browsers } from "../support/browser-page.ts";
import type { Site } from "../support/site.ts";
import { SlipwayPage, hasImage, launch, serveSite } from "../support/site.ts";

const DEBIAN = "debian:bookworm-slim";
const PROMPT = /root@[0-9a-f]{12}:\/# $/;
const needs = hasImage("debian") ? "" : " (skipped: debian is not built, npm run images)";

describe.each(browsers())("in $name", { timeout: 90_000 }, ({ name, missing }) => {
  const skip = missing !== undefined || needs !== "";
  let browser: Browser;
  let context: BrowserContext;
  let site: Site;

  beforeAll(async () => {
    if (!skip) browser = await launch(name);
  });
  afterAll(async () => {
    if (!skip) await browser.close();
  });
  beforeEach(async ({ task }) => {
    if (skip || task.mode === "skip") return;
    site = await serveSite(false);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  });
  afterEach(async () => {
    if (skip) return;
    await context.close();
    await site.stop();
  });

  test.skipIf(skip)(`Debian's programs run without isolation headers${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    expect(await tab.page.evaluate(() => crossOriginIsolated)).toBe(false);
    const script =
      "uname -sm; echo $((6 * 7)) | tee /tmp/x | sha256sum; cat /proc/self/comm; read line; echo got $line >&2; exit 3";
    const result = await tab.docker(["run", "--rm", "-i", DEBIAN, "bash", "-c", script], "typed\n");
    expect(result).toEqual({
      exitCode: 3,
      stdout: "Linux x86_64\n084c799cd551dd1d8d5c5f9a5d593b2e931f5e36122ee5c793c1d08a19839cc0  -\ncat\n",
      stderr: expect.stringMatching(/got typed\n$/) as unknown,
    });
    const perl = await tab.docker([
      "run",
      "--rm",
      DEBIAN,
      "perl",
      "-e",
      'print join(",", map { $_ ** 2 } 1 .. 5)',
    ]);
    expect(perl).toEqual({ exitCode: 0, stdout: "1,4,9,16,25", stderr: "" });
    expect(tab.problems).toEqual([]);
  });

  test.skipIf(skip)(`an interactive bash: editing, ^C, ^Z, fg, size, exit code${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    await tab.shows("$ ");
    await tab.type(`docker run -it --name it ${DEBIAN} bash\n`);
    await prompted(tab, 30_000);
    await tab.type("tty; stty size; echo $TERM\n");
    await tab.shows(/\/dev\/pts\/0\n\d+ \d+\nxterm\n/);
    const before = await sizeOf(tab);
    // Erasing and moving in the line is readline's, with the terminal's keys.
    await tab.type("echo wrogn");
    await tab.page.keyboard.press("Backspace");
    await tab.page.keyboard.press("Backspace");
    await tab.type("ng");
    await tab.page.keyboard.press("Home");
    await tab.type(": ignored; ");
    await tab.page.keyboard.press("Enter");
    await tab.shows(/\nwrong\n/);
    await tab.type("sleep 1000\n");
    await tab.shows(/sleep 1000\n/);
    await foreground(tab, "sleep");
    await tab.page.keyboard.press("Control+z");
    await tab.shows(/\[1\]\+ +Stopped +sleep 1000/);
    await tab.type("fg\n");
    await foreground(tab, "sleep");
    await tab.page.keyboard.press("Control+c");
    await prompted(tab);
    await tab.type("trap 'echo size changed' WINCH\n");
    await tab.page.setViewportSize({ width: 900, height: 600 });
    await tab.type(":\n");
    await tab.shows("size changed");
    expect(await sizeOf(tab)).not.toEqual(before);
    await tab.screenshot(`linux-bash-${name}`);
    await tab.type("exit 3\n");
    await tab.shows(/exit\n[^\n]*\$\s*$/);
    const inspected = await tab.docker(["inspect", "-f", "{{.State.ExitCode}}", "it"]);
    expect(inspected.stdout).toBe("3\n");
    expect(tab.problems).toEqual([]);
  });

  test.skipIf(skip)(`docker's verbs on a container, typed in the page${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    await tab.docker(["run", "-d", "--name", "it", DEBIAN, "sleep", "1000"]);
    await tab.type("echo some words > file; docker cp file it:/tmp/; docker exec it cat /tmp/file\n");
    await tab.shows(/\nsome words\n/);
    await tab.type("docker cp it:/etc/debian_version here; cat here\n");
    await tab.shows(/\n12\.\d+\n/);
    await tab.type("docker exec -it -w /tmp it bash\n");
    await tab.shows(/root@[0-9a-f]{12}:\/tmp# /);
    await tab.type("tty; exit 4\n");
    await tab.shows(/\/dev\/pts\/0\nexit\n/);
    await tab.type("docker exec it sh -c 'exit 5'; echo code $?\n");
    await tab.shows("code 5");
    await tab.type("docker stats\n");
    await tab.shows(/CONTAINER ID +NAME +CPU %[^]*\bit +\d+\.\d\d%/);
    await tab.page.keyboard.press("Control+c");
    await tab.type("docker diff it; docker pause it; docker ps --format '{{.Status}}'; docker unpause it\n");
    await tab.shows(/C \/tmp\nA \/tmp\/file\nit\nUp [^\n]*\(Paused\)\nit\n/);
    await tab.type("docker commit it mine:1; docker run --rm mine:1 cat /tmp/file\n");
    await tab.shows(/sha256:[0-9a-f]{64}\nsome words\n/);
    await tab.screenshot(`linux-verbs-${name}`);
    // A program that took the other screen, hid the cursor, named the window, and ended so.
    await tab.type(`docker run -it --rm ${DEBIAN} bash\n`);
    await prompted(tab, 30_000);
    await tab.type("printf '\\e[?1049h\\e[?25l\\e]0;mine\\a'; read; exit\n");
    await expect.poll(() => tab.tabTitle()).toBe("mine");
    await tab.page.keyboard.press("Enter");
    await expect.poll(() => tab.tabTitle()).toBe("Terminal 1");
    await tab.shows(/read; exit\n(exit\n)?slipway:~\$\s*$/);
    await lastRowIsWhole(tab);
    expect(tab.problems).toEqual([]);
  });

  test.skipIf(skip)(`a reload in the middle: what a program closed is there when it is started again${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    const count = "i=0; while :; do i=$((i + 1)); echo $i >> /root/n; echo $i; done";
    await tab.docker(["run", "-d", "--name", "writer", DEBIAN, "bash", "-c", `[ -e /root/n ] && exec tail -n 1 /root/n; ${count}`]);
    const logged = async (): Promise<number> => Number((await tab.docker(["logs", "--tail", "1", "writer"])).stdout);
    await expect.poll(logged, { timeout: 20_000 }).toBeGreaterThan(300);
    const before = await logged();
    await tab.page.reload();
    await tab.ready();
    const state = await tab.docker(["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "writer"]);
    expect(state.stdout).toBe("exited 255\n");
    const again = await tab.docker(["start", "-a", "writer"]);
    expect(again).toMatchObject({ exitCode: 0, stderr: "" });
    expect(Number(again.stdout)).toBeGreaterThanOrEqual(before);
  });

  test.skipIf(skip)(`output without an end: the page stays awake and ^C ends it${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    await tab.docker(["pull", "-q", DEBIAN]);
    await tab.type(`docker run -it --rm ${DEBIAN} bash\n`);
    await prompted(tab, 30_000);
    await tab.type("yes\n");
    await tab.shows(/y\ny\ny\ny\n/);
    // The page's own thread is asked: it must not be held for long by what is written to the terminal.
    const longestMs = await tab.page.evaluate(async () => {
      let longest = 0;
      for (let round = 0; round < 20; round++) {
        const asked = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 10));
        longest = Math.max(longest, performance.now() - asked);
      }
      return longest;
    });
    expect(longestMs).toBeLessThan(2000);
    await tab.page.keyboard.press("Control+c");
    await prompted(tab);
    await tab.type("echo still $((6 * 7))\n");
    await tab.shows("still 42");
    expect(tab.problems).toEqual([]);
  });
});

/** The terminal's rows and columns lie within it: none is cut off at its edges. */
async function lastRowIsWhole(tab: SlipwayPage): Promise<void> {
  const inside = await tab.terminal.evaluate((element) => {
    const place = element.shadowRoot?.querySelector(".place")?.getBoundingClientRect();
    const screen = element.shadowRoot?.querySelector(".xterm-screen")?.getBoundingClientRect();
    if (place === undefined || screen === undefined) throw new Error("there is no terminal");
    return [screen.bottom <= place.bottom, screen.right <= place.right, screen.height > 100];
  });
  expect(inside).toEqual([true, true, true]);
}

/** Waits for bash's prompt at the end of what is shown. */
async function prompted(tab: SlipwayPage, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!PROMPT.test((await tab.terminalText()).trimEnd() + " ")) {
    if (Date.now() > deadline) throw new Error(`no prompt:\n${(await tab.terminalText()).slice(-500)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until `command` is the one the terminal's keys go to. */
async function foreground(tab: SlipwayPage, command: string): Promise<void> {
  const ps =
    "for p in /proc/[0-9]*; do read -r _ name _ _ group _ _ terminal _ < $p/stat; [ $group = $terminal ] && echo $name; done";
  await expect
    .poll(async () => (await tab.docker(["exec", "it", "bash", "-c", ps])).stdout, { timeout: 20_000 })
    .toContain(`(${command})`);
}

async function sizeOf(tab: SlipwayPage): Promise<string> {
  return (await tab.docker(["exec", "it", "sh", "-c", "stty size < /dev/pts/0"])).stdout;
}
