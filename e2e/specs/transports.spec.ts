// Networks that let no WebSocket through: the app goes on by what they do let through, and goes back
// up when they are well; nothing is lost or doubled on the way.

import {
  type Account,
  EVERYONE,
  NO_NETWORK_OR_REFUSED,
  PondWindow,
  expect,
  test as base,
} from "../fixtures.ts";
import { Guard } from "../support/guard.ts";
import { Proxy } from "../support/proxy.ts";

const EXPECTED = new RegExp(`${NO_NETWORK_OR_REFUSED.source}|a status of 502`);

interface Given {
  ana: Account;
  bo: Account;
  gate: Proxy;
  /** A window of this account, whose network has the proxy in it. */
  through: (account: Account) => Promise<PondWindow>;
}

const test = base.extend<Given>({
  ana: async ({ pond }, use) => use(await pond.account("Ana")),
  bo: async ({ pond }, use) => use(await pond.account("Bo")),
  gate: async ({ pond }, use) => {
    const gate = await Proxy.before(pond.url);
    await use(gate);
    await gate.dispose();
  },
  through: async ({ browser, gate }, use) => {
    const context = await browser.newContext({ baseURL: gate.url, locale: "en-GB" });
    const guard = await Guard.over(context, gate.url, EXPECTED);
    await use(async ({ token: value }) => {
      await context.addCookies([{ name: "pond-session", value, url: gate.url }]);
      const window = new PondWindow(await context.newPage());
      await window.page.goto("/");
      return window;
    });
    await context.close();
    guard.check();
  },
});

/** What the menu of the person says of the connection. */
async function saysThat(window: PondWindow, way: RegExp) {
  const line = window.page.locator(".me-menu__way");
  await expect(line).toHaveText(way, { timeout: 40_000 });
}

async function talk(account: Account, window: PondWindow, bo: Account, round: string) {
  const before = (await account.log(EVERYONE)).length;
  for (const at of [1, 2, 3]) {
    await window.say(`${round} mine ${at}`);
    await bo.send(EVERYONE, `${round} theirs ${at}`);
    await expect(window.message(`${round} theirs ${at}`)).toBeVisible({ timeout: 20_000 });
  }
  const log = async () => (await account.log(EVERYONE)).slice(before).map(({ content }) => content);
  await expect.poll(async () => (await log()).length).toBe(6);
  const order = await log();
  for (const whose of ["mine", "theirs"]) {
    const own = order.filter((text) => text.includes(whose));
    expect(own).toEqual([1, 2, 3].map((at) => `${round} ${whose} ${at}`));
  }
  await expect.poll(() => window.said(new RegExp(`${round} (mine|theirs) \\d`))).toEqual(order);
}

/** Back up, in a network that lets all through, when a person comes back to the window. */
async function goesUp(account: Account, window: PondWindow, bo: Account) {
  await window.page.evaluate(() => dispatchEvent(new Event("focus")));
  await saysThat(window, /: WebSocket$/);
  await talk(account, window, bo, "socket");
}

test("without WebSockets the app goes on by a stream, and back up when they go through", async ({
  ana,
  bo,
  gate,
  through,
}) => {
  gate.letsUpgrade = false;
  const window = await through(ana);
  await saysThat(window, /: event stream/);
  expect(gate.asked).toContain("/api/v1/events");
  await talk(ana, window, bo, "stream");
  // The stream breaks, and what is said meanwhile is caught up with.
  gate.cut();
  await bo.send(EVERYONE, "said in the break");
  await expect(window.message("said in the break")).toBeVisible({ timeout: 40_000 });
  await saysThat(window, /: event stream/);

  gate.letsUpgrade = true;
  await goesUp(ana, window, bo);
});

test("where streams are held back as well, it goes on by long polls, and back up", async ({
  ana,
  bo,
  gate,
  through,
}) => {
  Object.assign(gate, { letsUpgrade: false, streams: "wait" });
  const window = await through(ana);
  await saysThat(window, /long polling/);
  expect(gate.asked).toContain("/api/v1/sync");
  await talk(ana, window, bo, "poll");
  await ana.send(ana.directWith(bo), "a private word");
  await expect(window.row("Bo")).toBeVisible({ timeout: 40_000 });

  Object.assign(gate, { letsUpgrade: true, streams: "come" });
  await goesUp(ana, window, bo);
});

for (const streams of ["are forbidden", "are reset"] as const) {
  test(`where streams ${streams} it goes on by long polls, also after a break`, async ({
    ana,
    bo,
    gate,
    through,
  }) => {
    Object.assign(gate, { letsUpgrade: false, streams });
    const window = await through(ana);
    await saysThat(window, /long polling/);
    await talk(ana, window, bo, "poll");
    // A server that is gone for a while is looked for from the top.
    gate.isDown = true;
    gate.cut();
    await bo.send(EVERYONE, "said in the break");
    await expect(window.sidebar.getByText(window.words.reconnecting)).toBeVisible();
    gate.isDown = false;
    await expect(window.message("said in the break")).toBeVisible({ timeout: 40_000 });
    await saysThat(window, /long polling/);

    Object.assign(gate, { letsUpgrade: true, streams: "come" });
    await goesUp(ana, window, bo);
  });
}

test("where upgrades are swallowed it goes on by a stream, whoever presses what meanwhile", async ({
  ana,
  bo,
  gate,
  through,
}) => {
  gate.swallowsUpgrades = true;
  const window = await through(ana);
  const retry = window.talk.getByRole("button", { name: window.words.retryNow });
  await retry.click();
  await saysThat(window, /: event stream/);
  await talk(ana, window, bo, "stream");
});

test("what is written on a connection that died without a word goes over another within seconds", async ({
  ana,
  bo,
  gate,
  through,
}) => {
  const window = await through(ana);
  await talk(ana, window, bo, "before");
  gate.lose();
  await window.write("on a dead line");
  const stored = async () => (await bo.log(EVERYONE)).length;
  await expect.poll(stored, { timeout: 12_000 }).toBe(7);
  await saysThat(window, /: WebSocket$/);
  await talk(ana, window, bo, "after");

  // Where another one does not get through either, a quiet line says that something is wrong.
  gate.swallowsUpgrades = true;
  gate.lose();
  await window.write("on another dead line");
  await expect(window.sidebar.getByText(window.words.reconnecting)).toBeVisible({ timeout: 15_000 });
  await expect(window.message("on another dead line")).toContainText("Sending…");
  gate.swallowsUpgrades = false;
  await expect.poll(stored, { timeout: 40_000 }).toBe(14);
});

test("who looks at it on a connection that died without a word has what others say within ten seconds", async ({
  ana,
  bo,
  gate,
  through,
}) => {
  const window = await through(ana);
  await talk(ana, window, bo, "before");
  gate.lose();
  await bo.send(EVERYONE, "said meanwhile");
  await expect(window.message("said meanwhile")).toBeVisible({ timeout: 11_000 });
  await saysThat(window, /: WebSocket$/);
  await talk(ana, window, bo, "after");
});

for (const [what, answer] of [
  ["a page of its own", { status: 200, body: "<html>Sign in to this network" }],
  ["502", { status: 502, body: "bad gateway" }],
  ["401", { status: 401, body: "sign in to this network" }],
] as const) {
  test(`a network that answers everything with ${what} says nothing of the server`, async ({
    ana,
    bo,
    gate,
    through,
  }) => {
    const window = await through(ana);
    await saysThat(window, /: WebSocket$/);
    gate.answer = answer;
    gate.cut();
    await expect(window.sidebar.getByText(window.words.reconnecting)).toBeVisible();
    await window.write("into the void");
    await expect(window.message("into the void")).toContainText(window.words.waiting);
    gate.answer = undefined;
    await expect.poll(async () => (await bo.log(EVERYONE)).length, { timeout: 40_000 }).toBe(1);
    await talk(ana, window, bo, "socket");
  });
}
