// The server loses its power while people write. The promise: what was acknowledged is there, what
// was written is there once, and every window goes on by itself.

import {
  type Account,
  EVERYONE,
  type Frame,
  NO_NETWORK,
  expect,
  framesOf,
  test,
} from "../fixtures.ts";

test.use({ expectedErrors: NO_NETWORK });

const TEXT = /(ana|bo) \d\d|and on we go/;
const ROUNDS = 24;
/** After these rounds the server is killed; it is started again two rounds later. */
const KILLS = [5, 14];

test("a server that is killed under two people who write loses and doubles nothing", async ({
  pond,
  windowOf,
  witness,
}) => {
  const heard: Frame[][] = [];
  const open = async (account: Account) => {
    const window = await windowOf(account, {
      before: (page) => {
        heard.push(framesOf(page));
        return witness.watch(page, account, TEXT);
      },
    });
    await window.isReady();
    return window;
  };
  const people = [await pond.account("Ana"), await pond.account("Bo")];
  const windows = [await open(people[0]), await open(people[1])];

  const written: string[][] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [who, name] of ["ana", "bo"].entries()) {
      const text = `${name} ${String(round).padStart(2, "0")}`;
      await windows[who].write(text);
      written[who].push(text);
    }
    // No answer is waited for, so it strikes while messages are on their way.
    if (KILLS.includes(round)) await pond.kill();
    if (KILLS.includes(round - 2)) await pond.start();
  }

  const total = 2 * ROUNDS;
  const stored = async () => people[0].log(EVERYONE);
  await expect.poll(async () => (await stored()).length, { timeout: 30_000 }).toBe(total);
  const log = await stored();
  expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: total }, (_, at) => at + 1));
  for (const [who, name] of ["Ana", "Bo"].entries()) {
    const own = log.filter(({ fromUser }) => fromUser === name);
    expect(
      own.map(({ content }) => content),
      `what ${name} wrote, in order`,
    ).toEqual(written[who]);
  }

  // Everything that a window was told is stored stands where it was told to be.
  const acks = heard.flat().filter(({ type, body }) => type === "SEND_RESPONSE" && body.code === 0);
  expect(acks.length).toBeGreaterThan(0);
  for (const { body } of acks) {
    expect(log.find(({ msgId }) => msgId === body.msgId)?.seq).toBe(body.seq);
  }

  for (const window of windows) {
    await expect(window.message(/bo 23/)).toBeVisible({ timeout: 30_000 });
    const order = log.map(({ content }) => content);
    await expect
      .poll(() => window.said(/(ana|bo) \d\d/), { timeout: 30_000 })
      .toEqual(order.slice(-(await window.messages.count())));
    await expect(window.sidebar.getByText("Connected")).toBeVisible();
  }
  await windows[0].say("and on we go");
  await expect(windows[1].message("and on we go")).toBeVisible();
  await expect.poll(async () => (await stored()).length).toBe(total + 1);
  for (const [who, window] of windows.entries()) {
    await witness.hold(window, people[who], EVERYONE, TEXT);
  }
  await witness.isContent();
});
