// The server is restarted again and again while two people write: nothing is lost, nothing doubled.

import { EVERYONE, NO_NETWORK, expect, test } from "../fixtures.ts";

const RESTARTS = 50;
/** Messages of each person between two restarts. */
const BETWEEN = 3;

const TEXT = /(Ana|Bo) \d{4}/;

test.use({ expectedErrors: NO_NETWORK });

test("a server that is restarted while two people write loses and doubles nothing", async ({
  pond,
  watched,
  witness,
}) => {
  test.setTimeout(120_000 + RESTARTS * 10_000);
  const people = [await watched("Ana", TEXT), await watched("Bo", TEXT)];
  const written: string[][] = [[], []];
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    const gone = restart % 2 === 0 ? pond.stop() : pond.kill();
    for (let at = 0; at < BETWEEN; at += 1) {
      for (const [who, { account, window }] of people.entries()) {
        const text = `${account.name} ${1000 + restart * BETWEEN + at}`;
        await window.write(text);
        written[who].push(text);
      }
    }
    await gone;
    await pond.start();
    // Every other time they are back before it goes again.
    if (restart % 2 === 1) {
      for (const { window } of people) await window.page.evaluate(() => dispatchEvent(new Event("focus")));
      for (const { window } of people) await window.isReady();
    }
  }
  const total = 2 * RESTARTS * BETWEEN;
  const log = async () => people[0].account.log(EVERYONE);
  await expect.poll(async () => (await log()).length, { timeout: 90_000 }).toBe(total);
  const stored = await log();
  for (const [who, { account, window }] of people.entries()) {
    const own = stored.filter(({ fromUser }) => fromUser === account.name);
    expect(own.map(({ content }) => content)).toEqual(written[who]);
    const order = stored.map(({ content }) => content);
    await expect(window.message(order.at(-1) ?? "")).toBeVisible({ timeout: 40_000 });
    const said = () => window.said(TEXT);
    await expect
      .poll(async () => order.slice(-(await said()).length).join() === (await said()).join())
      .toBe(true);
    await witness.hold(window, account, EVERYONE, TEXT);
  }
  await witness.isContent();
});
