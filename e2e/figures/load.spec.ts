// The app under load: a burst into the open room, many switches between conversations, a network that
// breaks again and again.

import { EVERYONE, NO_NETWORK_OR_REFUSED, PondWindow, expect, test } from "../fixtures.ts";
import { frameCosts, median, memoryOf, ms, quantile, report, watchMemory } from "../support/figures.ts";
import { Guard } from "../support/guard.ts";
import { Proxy } from "../support/proxy.ts";

const PER_SECOND = 200;
const SECONDS = 10;

test("a burst into the open room", async ({ browser, pond, person }) => {
  const [{ window }, bo] = [await person("Ana"), await pond.account("Bo")];
  const burst = async () => {
    const began = performance.now();
    const sent: Promise<void>[] = [];
    for (let at = 0; at < PER_SECOND * SECONDS; at += 1) {
      const due = began + (at * 1000) / PER_SECOND;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      sent.push(bo.send(EVERYONE, `burst ${at + 10_001}`));
    }
    await Promise.all(sent);
    await expect(window.messages.last()).toContainText("burst");
  };
  const costs = await frameCosts(browser, window.page, burst);
  const long = costs.filter((cost) => cost > 50).length;
  report(`burst of ${PER_SECOND} messages/s for ${SECONDS} s into the open room: frames of more than 50 ms`, "0", `${long} of ${costs.length}`);
  report("– main-thread work per frame, p50 / p95", "–", `${ms(median(costs))} / ${ms(quantile(costs, 0.95))}`);
});

test("200 switches between conversations", async ({ pond, person }) => {
  test.setTimeout(180_000);
  const [{ account: ana, window }, bo] = [await person("Ana", { before: watchMemory }), await pond.account("Bo")];
  const { page } = window;
  const texts = Array.from({ length: 150 }, (_, at) => `line ${at + 101}`);
  await bo.send(EVERYONE, ...texts);
  await bo.send(ana.directWith(bo), ...texts);
  const devtools = await page.context().newCDPSession(page);
  const visit = async (times: number) => {
    for (let at = 0; at < times; at += 1) {
      await window.open(at % 2 === 0 ? "Bo" : "Everyone");
      await page.keyboard.press("Escape");
      await expect(window.message("line 250")).toBeVisible();
    }
  };
  await visit(20);
  const before = await memoryOf(page, devtools);
  await visit(200);
  const after = await memoryOf(page, devtools);
  const [one, two] = [before, after].map(({ heap, wasm }) => heap + wasm);
  report(
    "growth over 200 switches, scripts + wasm",
    "≤ 5 %",
    `${((two / one - 1) * 100).toFixed(1)} % (${one.toFixed(1)} → ${two.toFixed(1)} MB)`,
  );
});

test("50 forced drops", async ({ browser, pond, witness }) => {
  test.setTimeout(300_000);
  const TEXT = /(ana|bo) \d{4}/;
  const DROPS = 50;
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  const gate = await Proxy.before(pond.url);
  const context = await browser.newContext({ baseURL: gate.url, locale: "en-GB" });
  const guard = await Guard.over(context, gate.url, NO_NETWORK_OR_REFUSED);
  await context.addCookies([{ name: "pond-session", value: ana.token, url: gate.url }]);
  const window = new PondWindow(await context.newPage());
  await witness.watch(window.page, ana, TEXT);
  witness.listen(bo);
  await window.page.goto("/");
  await window.isReady();
  for (let drop = 0; drop < DROPS; drop += 1) {
    await window.write(`ana ${drop + 1001}`);
    gate.cut();
    await bo.send(EVERYONE, `bo ${drop + 1001}`);
    await window.write(`ana ${drop + 2001}`);
    await window.page.evaluate(() => dispatchEvent(new Event("focus")));
    await expect(window.message(`bo ${drop + 1001}`)).toBeVisible({ timeout: 40_000 });
  }
  await expect.poll(async () => (await ana.log(EVERYONE)).length).toBe(3 * DROPS);
  await witness.hold(window, ana, EVERYONE, TEXT);
  const { isGood, words } = await witness.verdict();
  report(`lost or doubled over ${DROPS} forced drops, by the history checker`, "0", isGood ? "0" : words);
  await context.close();
  guard.check();
  await gate.dispose();
});
