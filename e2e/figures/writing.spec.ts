// How fast the app answers a person: their own row after Enter, another conversation after a click.

import { EVERYONE, type PondWindow, expect, test } from "../fixtures.ts";
import { ms, paintAfter, paintCosts, quantile, report, slowDown } from "../support/figures.ts";

const TIMES = 60;
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
  const devtools = await window.page.context().newCDPSession(window.page);
  for (const { rate, enter, visit } of SPEEDS) {
    await slowDown(devtools, rate);
    const own = await enters(window);
    report(`Enter → own row painted, p95 of ${TIMES}, ${rate}× CPU`, enter, ms(quantile(own, 0.95)));
    const costs = await paintCosts(browser, window.page, () => enters(window));
    report(`of it, main-thread work, p95 of ${costs.length}, ${rate}× CPU`, enter, ms(quantile(costs, 0.95)));
    const visits = await switches(window);
    report(`switch to a conversation that is held, p95 of ${TIMES}, ${rate}× CPU`, visit, ms(quantile(visits, 0.95)));
  }
});

let written = 1000;

async function enters(window: PondWindow): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < TIMES; at += 1) {
    written += 1;
    const text = `mine ${written}`;
    await window.composer.fill(text);
    const painted = await paintAfter(window.page, "keydown", "[role=log] article", text);
    await window.page.keyboard.press("Enter");
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
