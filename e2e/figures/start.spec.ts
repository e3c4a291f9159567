// How fast the app is there: a first visit over a slow network on a slow processor, and a later one.

import { EVERYONE, expect, test } from "../fixtures.ts";
import { median, ms, report, slowDown, slowNetwork } from "../support/figures.ts";

const ROUNDS = 5;
const SLOW = "slow 4G, 4× CPU";

interface Times {
  fcp: number;
  lcp: number;
  interactive: number;
  blocked: number;
  shift: number;
}

test(`first visit, ${SLOW}`, async ({ pond, windowOf }) => {
  test.setTimeout(180_000);
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await bo.send(EVERYONE, ...Array.from({ length: 50 }, (_, at) => `a message to read, number ${at + 1}`));
  const rounds: Times[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const window = await windowOf(ana, {
      before: async (page) => {
        await page.addInitScript(watch);
        const devtools = await page.context().newCDPSession(page);
        await slowNetwork(devtools);
        await slowDown(devtools, 4);
      },
    });
    await expect(window.message("number 50.")).toHaveCount(0);
    await expect(window.message("number 50")).toBeVisible({ timeout: 30_000 });
    await window.page.keyboard.type("a");
    await expect(window.composer).toHaveValue("a");
    rounds.push(await window.page.evaluate(() => globalThis.times));
    await window.page.context().close();
  }
  const of = (what: keyof Times) => median(rounds.map((times) => times[what]));
  report(`first contentful paint, ${SLOW}`, "≤ 1.0 s", ms(of("fcp")));
  report(`largest contentful paint, ${SLOW}`, "≤ 1.8 s", ms(of("lcp")));
  report(`the composer is there and takes a key, ${SLOW}`, "≤ 2.5 s", ms(of("interactive")));
  report(`total blocking time until then, ${SLOW}`, "≤ 100 ms", ms(of("blocked")));
  report("layout shift of that visit", "≤ 0.02", of("shift").toFixed(4));
});

test("a later visit, 4× CPU", async ({ pond, windowOf }) => {
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await bo.send(EVERYONE, ...Array.from({ length: 300 }, (_, at) => `a message to read, number ${at + 1}`));
  const window = await windowOf(ana);
  const { page } = window;
  await expect(window.message("number 300")).toBeVisible();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.addInitScript(watch);
  const devtools = await page.context().newCDPSession(page);
  await slowDown(devtools, 4);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // What was read is kept once a second.
    await page.goto("about:blank");
    await page.goto("/");
    await expect(window.message("number 300")).toBeVisible();
    times.push(await page.evaluate(() => globalThis.times.shown));
  }
  report("a later visit, to the last conversation painted, 4× CPU", "≤ 800 ms", ms(median(times)));
});

declare global {
  var times: Times & { shown: number };
}

/** Runs in the page: notes when what came. */
function watch() {
  const times = { fcp: 0, lcp: 0, interactive: 0, blocked: 0, shift: 0, shown: 0 };
  globalThis.times = times;
  const on = (type: string, take: (entry: any) => void) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  on("paint", ({ name, startTime }) => {
    if (name === "first-contentful-paint") times.fcp = startTime;
  });
  on("largest-contentful-paint", ({ startTime }) => (times.lcp = startTime));
  on("layout-shift", ({ value, hadRecentInput }) => (times.shift += hadRecentInput ? 0 : value));
  on("longtask", ({ startTime, duration }) => {
    const isBefore = times.interactive === 0 || startTime < times.interactive;
    if (isBefore) times.blocked += Math.max(0, duration - 50);
  });
  const look = () => {
    if (!times.interactive && document.querySelector("main textarea")) times.interactive = performance.now();
    const rows = document.querySelectorAll("[role=log] article");
    if (!times.shown && rows.length > 0) times.shown = performance.now();
    if (!times.interactive || !times.shown) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
