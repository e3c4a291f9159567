// A long conversation: pages of history come without a jump, and the DOM stays small.

import type { Locator } from "@playwright/test";

import {
  EVERYONE,
  type Hold,
  type PondServer,
  type PondWindow,
  expect,
  holdFrames,
  hasReadAll,
  test,
} from "../fixtures.ts";
import {
  positionOf,
  restingPlace,
  startWatching,
  startWatchingCover,
} from "../support/motion.ts";

const COUNT = 300;
const MOST_ROWS = 150;

/** Texts of differing heights, so that estimates are wrong. */
function texts(): string[] {
  return Array.from({ length: COUNT }, (_, at) => {
    const number = String(at + 1).padStart(3, "0");
    return `line ${number} ${"of some length ".repeat((at * 7) % 23)}`.trim();
  });
}

async function seeded(pond: PondServer) {
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  const all = texts();
  for (let at = 0; at < COUNT; at += 10) {
    await (at % 30 === 0 ? bo : ana).send(EVERYONE, ...all.slice(at, at + 10));
  }
  return { ana, bo };
}

/** The number of the first message whose text is on screen. */
async function firstOnScreen(window: PondWindow): Promise<string> {
  return window.log.evaluate((log) => {
    const top = log.getBoundingClientRect().top;
    for (const row of log.querySelectorAll("article")) {
      const number = /line \d{3}/.exec(row.textContent ?? "")?.[0];
      if (number && row.getBoundingClientRect().bottom > top + 40) return number;
    }
    throw new Error("No message is on screen");
  });
}

for (const reducedMotion of ["reduce", "no-preference"] as const) {
  test(`older pages come in above without moving what is read (motion: ${reducedMotion})`, async ({
    pond,
    windowOf,
  }) => {
    const { ana } = await seeded(pond);
    let hold!: Hold;
    const window = await windowOf(ana, {
      context: { reducedMotion },
      before: async (page) => (hold = await holdFrames(page, "PULL_RESPONSE")),
    });
    await expect(window.message("line 300")).toBeInViewport();
    await window.log.hover();

    const beginning = window.talk.getByText("This is the beginning of #Everyone.");
    let pages = 0;
    for (; pages < 10; pages += 1) {
      hold.isOn = true;
      // Up to the top of what is held, where the next page is asked for and awaited.
      while ((await restingPlace(window.log)) > 0) await window.page.mouse.wheel(0, -4000);
      if (await beginning.isVisible()) break;
      await expect.poll(() => hold.held).toBe(1);

      const anchor = await firstOnScreen(window);
      const before = await positionOf(window.log, anchor);
      const watching = await startWatching(window.log, anchor);
      hold.isOn = false;
      hold.release();
      const older = `line ${String(Number(anchor.slice(5)) - 1).padStart(3, "0")}`;
      await expect(window.message(older)).toBeAttached();
      const { moved, frames } = await watching.stop();
      expect(frames).toBeGreaterThan(2);
      expect(moved, `${anchor} moved while a page came in`).toBeLessThan(1);
      expect(Math.abs((await positionOf(window.log, anchor)) - before)).toBeLessThan(1);
      expect(await window.messages.count()).toBeLessThanOrEqual(MOST_ROWS);
    }
    expect(pages).toBeGreaterThanOrEqual(3);
    await expect(window.message("line 001")).toBeInViewport();
  });
}

test("scrolling never shows an empty list, and 150 rows are in the DOM at most", async ({
  pond,
  windowOf,
}) => {
  const { ana } = await seeded(pond);
  const window = await windowOf(ana);
  await expect(window.message("line 300")).toBeInViewport();
  await window.log.hover();
  const watching = await startWatchingCover(window.log);
  const beginning = window.talk.getByText("This is the beginning of #Everyone.");
  await scrollTo(-500, beginning);
  await scrollTo(500, window.message("line 300"));
  const { frames, blank, spare } = await watching.stop();
  expect(frames).toBeGreaterThan(50);
  expect(blank, "frames without a row").toBe(0);
  // A browser scrolls on by itself while a page is busy, and so far it still shows rows.
  expect(spare, "screens that are mounted beyond the edge").toBeGreaterThanOrEqual(1);
  const nodes = await window.page.evaluate(() => document.querySelectorAll("*").length);
  expect(nodes).toBeLessThan(3000);

  async function scrollTo(step: number, end: Locator) {
    await expect(async () => {
      await window.page.mouse.wheel(0, step);
      expect(await window.messages.count()).toBeLessThanOrEqual(MOST_ROWS);
      await expect(end).toBeInViewport({ timeout: 1 });
    }).toPass({ intervals: [16], timeout: 20_000 });
  }
});

test("somebody who reads above is not moved by what arrives, and sees how much is new", async ({
  pond,
  windowOf,
}) => {
  const { ana, bo } = await seeded(pond);
  const window = await windowOf(ana);
  await expect(window.message("line 300")).toBeInViewport();
  await window.log.hover();
  await window.page.mouse.wheel(0, -1500);
  await expect(window.message("line 300")).not.toBeInViewport();
  const anchor = await firstOnScreen(window);
  const before = await positionOf(window.log, anchor);
  await bo.send(EVERYONE, "fresh 1", "fresh 2");
  const below = window.talk.getByRole("button", { name: "2 new" });
  await expect(below).toBeVisible();
  expect(Math.abs((await positionOf(window.log, anchor)) - before)).toBeLessThan(1);
  await below.click();
  await expect(window.message("fresh 2")).toBeInViewport();
  await expect(below).toHaveCount(0);

  // Somebody at the end follows what arrives, and an own message always goes to the end.
  await bo.send(EVERYONE, "fresh 3");
  await expect(window.message("fresh 3")).toBeInViewport();
  await window.page.mouse.wheel(0, -1500);
  await expect(window.message("fresh 3")).not.toBeInViewport();
  await window.say("my own");
  await expect(window.message("my own")).toBeInViewport();
});

test("coming back to a conversation shows the place where it was left", async ({
  pond,
  windowOf,
}) => {
  const { ana } = await seeded(pond);
  const window = await windowOf(ana);
  await expect(window.message("line 300")).toBeInViewport();
  await hasReadAll(ana);
  await window.log.hover();
  await window.page.mouse.wheel(0, -1500);
  await expect(window.message("line 300")).not.toBeInViewport();
  const anchor = await firstOnScreen(window);
  const before = await positionOf(window.log, anchor);
  await window.writeTo("Bo");
  await window.page.goBack();
  await expect(window.message(anchor)).toBeInViewport();
  expect(Math.abs((await positionOf(window.log, anchor)) - before)).toBeLessThan(1);
});
