// A conversation of 100,000 messages: what a key, a long scroll and its memory cost.
//
// There is no graphics processor here, so what is measured of a frame is the work of the page's main
// thread: script, style, layout, paint records. Raster and compositing are left out.

import { randomUUID } from "node:crypto";

import { type Account, EVERYONE, type PondServer, expect, test } from "../fixtures.ts";
import {
  frameCosts,
  memoryOf,
  median,
  ms,
  paintAfter,
  quantile,
  report,
  slowDown,
  watchMemory,
} from "../support/figures.ts";
import { startWatchingCover } from "../support/motion.ts";

const MESSAGES = 100_000;
const KEYS = 100;
/** In pixels per second. */
const SPEED = 5000;
const SECONDS = 20;

test(`a conversation of ${MESSAGES} messages`, async ({ browser, pond, windowOf }) => {
  test.setTimeout(600_000);
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await fill(pond, bo);
  const window = await windowOf(ana, { before: watchMemory });
  const { page } = window;
  await window.isReady();
  await expect(window.message(`number ${MESSAGES} of`)).toBeVisible();
  const devtools = await page.context().newCDPSession(page);
  const early = await memoryOf(page, devtools);
  report("memory after sign-in, scripts + wasm", "≤ 25 MB", `${early.heap.toFixed(1)} + ${early.wasm.toFixed(1)} MB`);

  await slowDown(devtools, 4);
  const keys: number[] = [];
  await window.composer.focus();
  for (let at = 1; at <= KEYS; at += 1) {
    const painted = await paintAfter(page, "keydown", "main textarea", "x".repeat(at));
    await page.keyboard.press("x");
    keys.push(await painted());
  }
  report(`keystroke → paint, p98 of ${KEYS}, 4× CPU`, "≤ 50 ms", ms(quantile(keys, 0.98)));
  await slowDown(devtools, 1);
  await window.composer.fill("");

  const box = await window.log.boundingBox();
  if (!box) throw new Error("The list is not on screen");
  const scroll = (way: 1 | -1) =>
    devtools.send("Input.synthesizeScrollGesture", {
      x: box.x + box.width / 2,
      y: box.y + box.height / 2,
      yDistance: way * SPEED * SECONDS,
      speed: SPEED,
      gestureSourceType: "mouse",
      preventFling: true,
    });
  const before = await window.log.evaluate((log) => log.scrollHeight);
  const costs = await frameCosts(browser, page, () => scroll(1));
  const rows = await window.log.evaluate((log) => log.scrollHeight);
  report(
    `scroll up at ${SPEED} px/s for ${SECONDS} s (${((rows - before) / 1000).toFixed(0)}k px of pages came in): main-thread work per frame, p50 / p95 of ${costs.length}`,
    "p95 ≤ 6 ms",
    `${ms(median(costs))} / ${ms(quantile(costs, 0.95))}`,
  );
  report("– frames of more than 50 ms", "0", `${costs.filter((cost) => cost > 50).length}`);
  const cover = await startWatchingCover(window.log);
  await scroll(1);
  const { frames, blank } = await cover.stop();
  report(`– blank samples in ${frames} frames of such a scroll`, "0", `${blank}`);
  const late = await memoryOf(page, devtools);
  report("memory after both, scripts + wasm", "≤ 60 MB", `${late.heap.toFixed(1)} + ${late.wasm.toFixed(1)} MB`);
});

/** Many at once, since the server writes what waits in one go. */
async function fill(pond: PondServer, by: Account): Promise<void> {
  let next = 1;
  const headers = { authorization: `Bearer ${by.token}`, "content-type": "application/json" };
  const write = async () => {
    while (next <= MESSAGES) {
      const content = `number ${next} of ${MESSAGES} ${"with some words to wrap ".repeat(next % 7)}`;
      next += 1;
      const body = JSON.stringify({ msgId: randomUUID(), content });
      const answer = await fetch(`${pond.url}/api/v1/conversations/${EVERYONE}/messages`, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(`${answer.status}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 32 }, write));
}
