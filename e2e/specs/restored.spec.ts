// The server comes back from an older backup: people are told so in words, what this browser's person
// wrote since then is sent again, once, and everybody holds one log.

import { EVERYONE, NO_NETWORK, WORDS, type Language, expect, hasReadAll, test } from "../fixtures.ts";

const TEXT = /(before|since|after) (Ana|Bo) \d\d/;

test.use({ expectedErrors: NO_NETWORK });

for (const language of ["en", "zh-CN"] as Language[]) {
  test.describe(`in ${language}`, () => {
    test.use({ language });

    test("a restored backup is told, and own newer messages go again and stand once", async ({
      pond,
      watched,
      witness,
    }) => {
      test.setTimeout(120_000);
      const people = [await watched("Ana", TEXT), await watched("Bo", TEXT)];
      const [{ account: ana }] = people;
      const write = async (word: string, from: number, to: number) => {
        for (let at = from; at <= to; at += 1) {
          for (const { account, window } of people) {
            const text = `${word} ${account.name} ${at}`;
            await window.say(text);
            for (const other of people) await expect(other.window.message(text)).toBeVisible();
          }
        }
      };
      await write("before", 11, 13);
      await pond.stop();
      await pond.backUp();
      await pond.start();
      await write("since", 11, 12);
      await expect.poll(async () => (await ana.log(EVERYONE)).length).toBe(10);
      await pond.kill();
      await pond.restore();
      await witness.restored();
      await pond.start();

      const { restored, understood } = WORDS[language];
      for (const { window } of people) {
        await window.page.evaluate(() => dispatchEvent(new Event("focus")));
        await expect(window.talk.getByText(restored)).toBeVisible({ timeout: 40_000 });
      }
      await expect.poll(async () => (await ana.log(EVERYONE)).length).toBe(10);
      const order = (await ana.log(EVERYONE)).map(({ content }) => content);
      for (const { window } of people) await expect.poll(() => window.said(TEXT)).toEqual(order);
      await witness.settled();
      await write("after", 11, 11);
      for (const { account, window } of people) {
        await expect(window.messages.filter({ hasText: TEXT })).toHaveCount(12);
        await window.talk.getByRole("button", { name: understood }).click();
        await expect(window.talk.getByText(restored)).toHaveCount(0);
        await witness.hold(window, account, EVERYONE, TEXT);
      }
      await witness.isContent();
    });
  });
}

test("what nobody's browser holds any more is said to be missing", async ({ pond, person }) => {
  const [ana, bo] = [await person("Ana"), await pond.account("Bo")];
  await ana.window.say("before Ana 11");
  await pond.stop();
  await pond.backUp();
  await pond.start();
  await bo.send(EVERYONE, "since Bo 11");
  await expect(ana.window.message("since Bo 11")).toBeVisible({ timeout: 20_000 });
  await pond.kill();
  await pond.restore();
  await pond.start();
  await ana.window.page.evaluate(() => dispatchEvent(new Event("focus")));
  await expect(ana.window.talk.getByText(WORDS.en.restored)).toBeVisible({ timeout: 40_000 });
  await expect(ana.window.message("since Bo 11")).toHaveCount(0);
  await expect(ana.window.message("before Ana 11")).toBeVisible();
});

test("what came in another log is not read before it was on the screen", async ({ pond, person }) => {
  const [ana, bo] = [await person("Ana"), await pond.account("Bo")];
  const say = async (word: string, many: number) => {
    for (let at = 1; at <= many; at += 1) await bo.send(EVERYONE, `${word} ${at}.`);
  };
  const unread = async () => (await ana.account.conversations())[0]?.unread ?? 0;
  await say("before", 30);
  await hasReadAll(ana.account);
  await pond.stop();
  await pond.backUp();
  await pond.start();
  // She is back, and sees each of them come.
  await ana.window.say("since Ana");
  await say("since", 60);
  await expect(ana.window.message("since 60.")).toBeVisible({ timeout: 20_000 });
  await hasReadAll(ana.account);
  const { page } = ana.window;
  await page.context().setOffline(true);
  await pond.kill();
  await pond.restore();
  await pond.start();
  // The log is longer than the one that she held.
  await say("instead", 90);
  await page.context().setOffline(false);
  await expect(ana.window.talk.getByText(WORDS.en.restored)).toBeVisible({ timeout: 40_000 });
  await expect(ana.window.message("instead 1.")).toBeInViewport();
  await expect.poll(unread).toBeLessThan(90);
  expect(await unread()).toBeGreaterThan(50);
});

test("somebody who gets the number of a person the backup does not know gets nothing of theirs", async ({
  pond,
  person,
}) => {
  const ana = await person("Ana");
  await ana.window.say("before Ana 11");
  await pond.stop();
  await pond.backUp();
  await pond.start();
  const cem = await person("Cem");
  await ana.window.writeTo("Cem");
  await ana.window.say("since Ana 12, another secret");
  await cem.window.say("since Cem 11");
  await cem.window.writeTo("Ana");
  await cem.window.say("since Cem 12, a secret");
  await cem.window.composer.fill("since Cem 13, a draft");
  await pond.kill();
  await pond.restore();
  await pond.start();

  const { page } = cem.window;
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  await expect(page.getByRole("button", { name: /account/i }).first()).toBeVisible({ timeout: 40_000 });
  const eve = await pond.account("Eve");
  expect(eve.id).toBe(cem.account.id);
  await page.context().addCookies([{ name: "pond-session", value: eve.token, url: pond.url }]);
  await page.goto("/");
  await expect(cem.window.message("before Ana 11")).toBeVisible();
  await cem.window.say("after Eve 11");
  await cem.window.writeTo("Ana");
  await expect(cem.window.composer).toHaveValue("");
  await expect(page.getByText(/since Cem/)).toHaveCount(0);
  const room = (await ana.account.log(EVERYONE)).map(({ content }) => content);
  expect(room).toEqual(["before Ana 11", "after Eve 11"]);
  // What was said to Cem waits, and does not go to her.
  await ana.window.page.evaluate(() => dispatchEvent(new Event("focus")));
  await expect(ana.window.message("since Ana 12")).toContainText("Not sent", { timeout: 40_000 });
  expect(await ana.account.log(ana.account.directWith(eve))).toEqual([]);
});
