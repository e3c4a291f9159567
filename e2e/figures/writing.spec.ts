// How fast the app answers a person: their own row after Enter, another conversation after a click.
// Beside the former stands the same of a bare page, in the same browser and minutes: the key comes
// whenever it comes, and nobody's row is painted before the screen's next frame.

import type { Locator, Page } from "@playwright/test";

import { EVERYONE, type PondWindow, expect, test } from "../fixtures.ts";
import { ms, paintAfter, paintCosts, quantile, report, slowDown } from "../support/figures.ts";

const TIMES = 60;
/// How many of them are in a row, before it is the bare page's turn.
const IN_A_ROW = 6;
const SPEEDS = [
  { rate: 1, enter: "≤ 16 ms", visit: "≤ 100 ms" },
  { rate: 4, enter: "≤ 50 ms", visit: "≤ 250 ms" },
];

test("Enter → own row painted, and another conversation", async ({ browser, pond, person }) => {
  test.setTimeout(300_000);
  const [{ account: ana, window }, bo] = [await person("Ana"), await pond.account("Bo")];
  const texts = (word: string) => Array.from({ length: 200 }, (_, at) => `${word} line ${at + 1001}`);
  await bo.send(EVERYONE, ...texts("room"));
  await bo.send(ana.directWith(bo), ...texts("direct"));
  for (const [name, text] of [["Bo", "direct line 1200"], ["Everyone", "room line 1200"]]) {
    await window.open(name);
    // To the end, past what was not read.
    await window.page.keyboard.press("Escape");
    await expect(window.message(text)).toBeVisible();
  }
  const bare = await barePage(window.page);
  const devtools = await Promise.all([window, bare].map(({ page }) => page.context().newCDPSession(page)));
  for (const { rate, enter, visit } of SPEEDS) {
    for (const one of devtools) await slowDown(one, rate);
    const [own, bareOwn]: number[][] = [[], []];
    while (own.length < TIMES) {
      own.push(...(await enters(window, IN_A_ROW)));
      bareOwn.push(...(await enters(bare, IN_A_ROW)));
    }
    for (const [part, goal] of [[0.5, ""], [0.95, enter]] as const) {
      const what = `Enter → own row painted, p${100 * part} of ${TIMES}, ${rate}× CPU`;
      const beside = `of a bare page ${ms(quantile(bareOwn, part))}`;
      report(what, goal, `${ms(quantile(own, part))}; ${beside}`);
    }
    const costs = await paintCosts(browser, window.page, () => enters(window, TIMES));
    report(`of it, main-thread work, p95 of ${costs.length}, ${rate}× CPU`, enter, ms(quantile(costs, 0.95)));
    const visits = await switches(window);
    report(`switch to a conversation that is held, p95 of ${TIMES}, ${rate}× CPU`, visit, ms(quantile(visits, 0.95)));
  }
});

/** Where one writes, and what is written is shown. */
interface Writing {
  page: Page;
  composer: Locator;
}

/** A page of the same browser that shows what is written as its first row, and does nothing else. */
async function barePage(beside: Page): Promise<Writing> {
  const page = await beside.context().newPage();
  await page.setContent("<!doctype html><textarea></textarea><div role=log></div>");
  await page.evaluate(() => {
    const [composer, log] = [document.querySelector("textarea"), document.querySelector("div")];
    composer?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      const row = document.createElement("article");
      row.textContent = composer.value;
      log?.prepend(row);
      composer.value = "";
    });
  });
  return { page, composer: page.locator("textarea") };
}

let written = 1000;

async function enters({ page, composer }: Writing, count: number): Promise<number[]> {
  await page.bringToFront();
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    written += 1;
    const text = `mine ${written}`;
    await composer.fill(text);
    const painted = await paintAfter(page, "keydown", "[role=log] article", text);
    await page.keyboard.press("Enter");
    times.push(await painted());
  }
  return times;
}

async function switches(window: PondWindow): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < TIMES; at += 1) {
    const [name, text] = at % 2 === 0 ? ["Bo", "direct line 1200"] : ["Everyone", "mine"];
    const painted = await paintAfter(window.page, "click", "[role=log] article", text);
    await window.row(name).click();
    times.push(await painted());
  }
  return times;
}
