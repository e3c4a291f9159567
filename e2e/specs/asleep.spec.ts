// A computer that sleeps for an hour: its page stands still, its connection is lost without a word,
// the server gives it up, and others talk on. When it wakes it is as if it had been there.
//
// The page's process is stopped, and the server's own limit of silence is waited for, which takes two
// minutes; the rest of the hour is put on the page's clocks.

import type { Browser } from "@playwright/test";

import { EVERYONE, NO_NETWORK, PondWindow, expect, test } from "../fixtures.ts";
import { Guard } from "../support/guard.ts";
import { Proxy } from "../support/proxy.ts";

const HOUR_MS = 3_600_000;
/** More than the app fetches in one piece. */
const MISSED = 600;
const TEXT = /(awake|asleep|missed) \d{3,}/;

test("after an hour asleep nothing is lost, doubled or moved", async ({
  browser,
  pond,
  witness,
}) => {
  test.setTimeout(240_000);
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  const gate = await Proxy.before(pond.url);
  const context = await browser.newContext({ baseURL: gate.url, locale: "en-GB" });
  const guard = await Guard.over(context, gate.url, NO_NETWORK);
  await context.addCookies([{ name: "pond-session", value: ana.token, url: gate.url }]);
  const page = await context.newPage();
  await witness.watch(page, ana, TEXT);
  witness.listen(bo);
  await page.addInitScript(() => {
    globalThis.sleptMs = 0;
    globalThis.beats = 0;
    const [since, date] = [performance.now.bind(performance), Date.now];
    performance.now = () => since() + globalThis.sleptMs;
    Date.now = () => date() + globalThis.sleptMs;
    setInterval(() => (globalThis.beats += 1), 200);
  });
  const window = new PondWindow(page);
  await page.goto("/");
  await window.isReady();
  await window.say("awake 101");
  await bo.send(EVERYONE, "awake 102");
  await expect(window.message("awake 102")).toBeVisible();

  // The lid closes right after a message was written, which goes nowhere.
  gate.lose();
  await window.say("asleep 101");
  const beats = () => page.evaluate(() => globalThis.beats);
  const before = await beats();
  const renderers = await renderersOf(browser);
  for (const id of renderers) process.kill(id, "SIGSTOP");
  const missed = Array.from({ length: MISSED }, (_, at) => `missed ${at + 1001}`);
  await bo.send(EVERYONE, ...missed);
  await expect.poll(() => gate.givenUp, { timeout: 150_000, intervals: [500] }).toBe(1);
  for (const id of renderers) process.kill(id, "SIGCONT");
  await page.evaluate((ms) => void (globalThis.sleptMs = ms), HOUR_MS);
  expect((await beats()) - before, "beats of a page that stood still").toBeLessThan(25);
  await expect(window.message("asleep 101")).toHaveCount(1, { timeout: 20_000 });
  await expect.poll(async () => (await ana.log(EVERYONE)).length).toBe(MISSED + 3);
  await window.say("awake 103");
  await bo.send(EVERYONE, "awake 104");
  await expect(window.message("awake 104")).toBeVisible();
  await witness.hold(window, ana, EVERYONE, TEXT);
  await witness.isContent();

  await context.close();
  guard.check();
  await gate.dispose();
});

/** The processes in which the pages of this browser run. */
async function renderersOf(browser: Browser): Promise<number[]> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

declare global {
  /** How long the page believes to have slept, in milliseconds. */
  var sleptMs: number;
  var beats: number;
}
