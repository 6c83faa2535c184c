/**
 * The whole line in real browsers: page, shell, engine, layers, WASI; as a person uses it. Images come
 * from the static mirror that `npm run images` makes.
 */
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { browsers } from "../support/browser-page.ts";
import type { Site } from "../support/site.ts";
import { SlipwayPage, hasImage, largestBlobOf, launch, serveSite } from "../support/site.ts";

/** What hello-wasi prints first (test/fixtures/images/hello-wasi). */
const HELLO = "Hello from";
/** For half a megabyte over loopback to be on disk; too short only makes the test stricter than asked. */
const HALF_ARRIVES_MS = 1000;
/** For the other files, which are small, to follow. */
const CACHE_SETTLES_MS = 500;
const needs =
  hasImage("hello-wasi") && hasImage("wasi-toolbox")
    ? ""
    : " (skipped: hello-wasi and wasi-toolbox are not built)";

describe.each(browsers())("in $name", { timeout: 60_000 }, ({ name, missing }) => {
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
    site = await serveSite();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  });
  afterEach(async () => {
    if (skip) return;
    await context.close();
    await site.stop();
  });

  test.skipIf(skip)(
    `docker run --rm hello-wasi prints its greeting, and again offline after a reload${needs}`,
    async () => {
      const tab = await SlipwayPage.open(context, site.address);
      await tab.shows("$ ");
      await tab.type("docker run --rm hello-wasi\n");
      await tab.shows(HELLO);
      // The page is in the cache when its largest file, the last to come, is.
      await tab.page.waitForFunction(async () => {
        const [name = ""] = await caches.keys();
        const paths = (await (await caches.open(name)).keys()).map(
          (request) => new URL(request.url).pathname,
        );
        return (
          paths.includes("/") &&
          paths.some((path) => path.endsWith("_bg.wasm")) &&
          paths.some((path) => path.includes("/pod-"))
        );
      });
      await tab.page.waitForTimeout(CACHE_SETTLES_MS);
      await site.stop();
      await tab.page.reload();
      await tab.ready();
      expect(await tab.page.evaluate(() => crossOriginIsolated)).toBe(true);
      await tab.shows("$ ");
      await tab.type("docker run --rm hello-wasi\n");
      await tab.shows(HELLO);
      expect(await tab.docker(["image", "ls", "--format", "{{.Repository}}"])).toEqual({
        exitCode: 0,
        stdout: "hello-wasi\n",
        stderr: "",
      });
    },
  );

  test.skipIf(skip)(
    `window.slipway.docker returns exit code and both outputs${needs}`,
    async () => {
      const tab = await SlipwayPage.open(context, site.address);
      expect(await tab.docker(["images", "-q"])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      const run = await tab.docker(["run", "--rm", "-q", "hello-wasi"]);
      expect(run).toMatchObject({ exitCode: 0, stderr: "" });
      expect(run.stdout).toContain(HELLO);
      const missingImage = await tab.docker(["run", "no-such-image"]);
      expect(missingImage.exitCode).toBe(125);
      expect(missingImage.stderr).toContain("Unable to find image 'no-such-image:latest' locally");
      expect(await tab.docker(["no-such-command"])).toMatchObject({ exitCode: 1, stdout: "" });
    },
  );

  test.skipIf(skip)(
    `a second tab runs through the first and takes over when it closes${needs}`,
    async () => {
      const first = await SlipwayPage.open(context, site.address);
      const second = await SlipwayPage.open(context, site.address);
      expect([await first.role(), await second.role()]).toEqual(["owner", "guest"]);
      expect((await second.docker(["run", "--name", "kept", "hello-wasi"])).stdout).toContain(
        HELLO,
      );
      expect((await first.docker(["ps", "-a", "--format", "{{.Names}}"])).stdout).toBe("kept\n");
      await first.page.close();
      await second.page.waitForFunction(
        () => (window as unknown as { slipway: { role: string } }).slipway.role === "owner",
      );
      expect((await second.docker(["ps", "-a", "--format", "{{.Names}}"])).stdout).toBe("kept\n");
      expect((await second.docker(["run", "--rm", "hello-wasi"])).stdout).toContain(HELLO);
      expect((await second.docker(["logs", "kept"])).stdout).toContain(HELLO);
    },
  );

  test.skipIf(skip)(
    `a command under way when the owner closes fails clearly, and the terminal goes on${needs}`,
    async () => {
      const first = await SlipwayPage.open(context, site.address);
      const second = await SlipwayPage.open(context, site.address);
      await second.shows("$ ");
      await second.type("docker events\n");
      await first.docker(["create", "--name", "seen", "hello-wasi"]);
      await second.shows("container create");
      await first.page.close();
      await second.shows("the tab that ran the engine was closed");
      await second.type("docker ps -a --format '{{.Names}}'\n");
      await second.shows(/^seen$/m);
    },
  );

  test.skipIf(skip)(`a pull cut by a reload continues with what had arrived${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    const layer = largestBlobOf("wasi-toolbox");
    let isCutting = true;
    site.intercept = (request, response) => {
      if (!isCutting || request.url?.endsWith(layer.digest) !== true) return false;
      // Half of it comes, and then nothing more for as long as the first visit lasts.
      response.writeHead(200, {
        "content-length": layer.bytes.length,
        "cross-origin-resource-policy": "cross-origin",
      });
      response.write(layer.bytes.subarray(0, layer.bytes.length / 2));
      return true;
    };
    void tab.docker(["pull", "wasi-toolbox"]).catch(() => undefined); // Cut off by the reload.
    const asked = (): boolean => site.requests.some(({ path }) => path.endsWith(layer.digest));
    await expect.poll(asked, { timeout: 10_000 }).toBe(true);
    await tab.page.waitForTimeout(HALF_ARRIVES_MS);
    isCutting = false;
    const before = site.requests.length;
    await tab.page.reload();
    await tab.ready();
    expect((await tab.docker(["pull", "wasi-toolbox"])).stdout).toContain(
      "Status: Downloaded newer image for wasi-toolbox:latest",
    );
    const again = site.requests.slice(before).filter(({ path }) => path.endsWith(layer.digest));
    expect(again.map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-/)]);
    expect(await tab.docker(["run", "--rm", "wasi-toolbox", "echo", "whole"])).toEqual({
      exitCode: 0,
      stdout: "whole\n",
      stderr: "",
    });
  });

  test.skipIf(skip)("settings are checked, explained and kept across a reload", async () => {
    const tab = await SlipwayPage.open(context, site.address);
    const { page } = tab;
    await page.getByRole("button", { name: "Settings" }).click();
    const mirrors = page.getByLabel("Static mirrors");
    await expect.poll(() => mirrors.inputValue()).toBe(`${site.address}mirror/`);
    await mirrors.fill("not an address");
    await page.getByRole("button", { name: "Save" }).click();
    await page
      .getByText("“not an address” is not an http(s) address or a path of this site")
      .waitFor();
    await mirrors.fill("/mirror/\nhttps://images.example/oci/");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. The next pull uses it.").waitFor();
    await page.reload();
    await tab.ready();
    await page.getByRole("button", { name: "Settings" }).click();
    await expect
      .poll(() => mirrors.inputValue())
      .toBe(`${site.address}mirror/\nhttps://images.example/oci/`);
  });

  test.skipIf(skip)(`what was typed is recalled after a reload${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    await tab.shows("$ ");
    await tab.type("docker image ls --format '{{.ID}}'\n");
    await tab.shows(/ls --format[^\n]*\n.*\$ /);
    await tab.page.reload();
    await tab.ready();
    await tab.shows("$ ");
    await tab.terminal.locator("textarea").first().focus();
    await tab.page.keyboard.press("ArrowUp");
    await tab.shows("docker image ls --format '{{.ID}}'");
  });

  test.skipIf(skip)(`everything is reached by keyboard alone${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    const { page } = tab;
    await tab.docker(["create", "--name", "reached", "hello-wasi"]);
    await tab.shows("$ ");
    await tab.terminal.locator("textarea").first().focus();
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        let focused = document.activeElement;
        while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
        return focused?.getAttribute("aria-label") ?? focused?.textContent.trim() ?? "";
      });
    await page.keyboard.press("F6");
    expect(await focused()).toBe("Terminal 1");
    await page.keyboard.press("F6");
    expect(await focused()).toMatch(/^Containers/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Logs of reached");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Start reached");
    await page.keyboard.press("Enter");
    await page.getByText(/Exited \(0\)/).waitFor();
    await page.keyboard.press("F6");
    await tab.type("echo");
    await tab.shows("$ echo");
  });

  test.skipIf(skip)(
    `the panels show containers, logs, images and storage, live${needs}`,
    async () => {
      const tab = await SlipwayPage.open(context, site.address);
      const { page } = tab;
      await page.getByText("No containers yet.").waitFor();
      await tab.docker(["run", "--name", "talker", "hello-wasi"]);
      await page.getByRole("heading", { name: "talker" }).waitFor();
      await page.getByRole("button", { name: "Logs of talker" }).click();
      await page.getByRole("log").getByText(HELLO).waitFor();
      await page.getByRole("button", { name: "Back to the containers" }).click();
      await page.getByRole("button", { name: "Remove talker" }).click();
      await page.getByText("No containers yet.").waitFor();
      await page.getByRole("tab", { name: /^Images/ }).click();
      await page.getByRole("textbox", { name: "Pull an image" }).fill("no-such-image");
      await page.getByRole("button", { name: "Pull", exact: true }).click();
      await page.getByRole("alert").waitFor();
      await page.getByRole("button", { name: /^hello-wasi:latest/ }).click();
      await page.getByText("wasi/wasm", { exact: true }).waitFor();
      await page.getByRole("tab", { name: "Storage" }).click();
      await page.getByRole("progressbar", { name: "Storage used" }).waitFor();
      await page.getByRole("row", { name: /^Images 1/ }).waitFor();
      expect(tab.problems.filter((text) => !/404|no-such-image/.test(text))).toEqual([]);
    },
  );

  test.skipIf(skip)(
    `a flood of output leaves page and engine answering, and ^C ends it${needs}`,
    async () => {
      const tab = await SlipwayPage.open(context, site.address);
      await tab.docker(["pull", "-q", "wasi-toolbox"]);
      await tab.shows("$ ");
      await tab.type("docker run --rm wasi-toolbox yes\n");
      await tab.shows("y\ny\ny\ny\n");
      const frames = await tab.page.evaluate(async () => {
        const waits: number[] = [];
        for (let count = 0; count < 20; count++) {
          const asked = performance.now();
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
          waits.push(performance.now() - asked);
        }
        return waits.sort((left, right) => left - right);
      });
      // Half the frames in time; the machine is shared, so a single one says little.
      expect(frames[10]).toBeLessThan(250);
      expect((await tab.docker(["version", "--format", "{{.Server.Version}}"])).exitCode).toBe(0);
      await tab.page.keyboard.press("Control+c");
      await tab.shows(/\$\s*$/);
      expect((await tab.docker(["ps", "-q"])).stdout).toBe("");
    },
  );

  test.skipIf(skip)(`pictures of it, by light, by dark, and narrow${needs}`, async () => {
    const tab = await SlipwayPage.open(context, site.address);
    const { page } = tab;
    await page.emulateMedia({ colorScheme: "light" });
    await tab.shows("$ ");
    await tab.type("docker run --name hello hello-wasi\n");
    await tab.shows(HELLO);
    await tab.docker(["run", "-d", "--name", "resting", "wasi-toolbox", "sleep", "600"]);
    await page.getByRole("heading", { name: "resting" }).waitFor();
    await tab.screenshot(`${name}-light`);
    await page.getByRole("button", { name: /theme/ }).click();
    await page.getByRole("tab", { name: /^Images/ }).click();
    await page.getByRole("button", { name: /^hello-wasi:latest/ }).click();
    await page.getByText("wasi/wasm", { exact: true }).waitFor();
    await tab.screenshot(`${name}-dark`);
    await page.setViewportSize({ width: 360, height: 720 });
    await page.getByRole("button", { name: "Engine" }).click();
    await page.getByRole("tab", { name: /^Containers/ }).click();
    await tab.screenshot(`${name}-narrow`);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    await page.getByRole("button", { name: "Kill resting" }).click();
    await page.getByText("Exited (137)").waitFor();
  });

  test.skipIf(skip)("without isolation the page says what cannot run and why", async () => {
    await site.stop();
    site = await serveSite(false);
    const tab = await SlipwayPage.open(context, site.address);
    await tab.page.getByText("WASI images cannot run here").waitFor();
    const run = await tab.docker(["run", "--rm", "hello-wasi"]);
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toContain("Cross-Origin-Opener-Policy");
  });
});
