// The witness itself: what it writes down of good tabs passes, and of tabs that show something wrong
// it does not. Without this a verdict in another test would say nothing.

import { EVERYONE, expect, test } from "../fixtures.ts";

const TEXT = /(ana|bo|psst) \d\d/;

test("tabs that show everything pass, and one that lacks a row or shows one twice does not", async ({
  pond,
  windowOf,
  witness,
}) => {
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  witness.listen(bo);
  const window = await windowOf(ana, { before: (page) => witness.watch(page, ana, TEXT) });
  await window.isReady();
  for (let at = 11; at < 18; at += 1) {
    await window.say(`ana ${at}`);
    await bo.send(EVERYONE, `bo ${at}`);
    await expect(window.message(`bo ${at}`)).toBeVisible();
  }
  await window.writeTo("Bo");
  await window.say("psst 11");
  await bo.send(ana.directWith(bo), "psst 12");
  await expect(window.message("psst 12")).toBeVisible();
  await witness.hold(window, ana, ana.directWith(bo), TEXT);
  await window.open("Everyone");
  await witness.hold(window, ana, EVERYONE, TEXT);
  const { isGood, words } = await witness.verdict();
  expect(isGood, words).toBe(true);
  expect(words).toMatch(/16 acknowledged/);

  // The page itself is at fault now.
  await window.message("bo 13").evaluate((row) => row.parentElement?.removeChild(row));
  await witness.hold(window, ana, EVERYONE, TEXT);
  expect((await witness.verdict()).words).toMatch(/\n  (lost|hole): /);
});

test("a row that comes a second time, or in another place, is noticed", async ({
  pond,
  windowOf,
  witness,
}) => {
  const ana = await pond.account("Ana");
  const window = await windowOf(ana, { before: (page) => witness.watch(page, ana, TEXT) });
  await window.isReady();
  for (const at of [11, 12, 13, 14]) await window.say(`ana ${at}`);
  await expect.poll(async () => (await ana.log(EVERYONE)).length).toBe(4);
  await witness.hold(window, ana, EVERYONE, TEXT);
  await witness.isContent();
  await window.message("ana 12").evaluate((row) => row.after(row.cloneNode(true)));
  await expect(window.message("ana 12")).toHaveCount(2);
  expect((await witness.verdict()).words).toMatch(/\n  doubled: /);
});
