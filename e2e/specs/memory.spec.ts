// What the browser keeps: what was written outlives a reload, a crash and a day without a network,
// what was read is there at once, and nothing is left when a person signs out.

import type { Page } from "@playwright/test";

import {
  type Account,
  EVERYONE,
  type Hold,
  NO_NETWORK,
  PondWindow,
  type Stored,
  expect,
  holdFrames,
  numbered,
  test,
} from "../fixtures.ts";
import { keptUnder } from "../support/kept.ts";

const CRASHED = /The page crashed/;

test.use({ expectedErrors: new RegExp(`${NO_NETWORK.source}|${CRASHED.source}`) });

/** Once the app is kept for a visit without a network. */
async function isKept(page: Page): Promise<void> {
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
}

/** The texts of the outbox in the storage. */
const outboxOf = (page: Page) => keptUnder(page, "outbox/");

const contents = (log: Stored[]) => log.map(({ content }) => content);

test("what is written without a network outlives a reload, and is sent once and in order", async ({
  person,
}) => {
  const { account, window } = await person("Ana");
  await window.say("before");
  await expect.poll(async () => (await account.log(EVERYONE)).length).toBe(1);
  await isKept(window.page);
  await window.page.context().setOffline(true);
  const texts = numbered("kept", 6);
  for (const text of texts) await window.say(text);
  await expect.poll(async () => (await outboxOf(window.page)).length).toBe(texts.length);

  // The page comes from the service worker, and what stands on it from the storage.
  await window.page.reload();
  await expect(window.message("before")).toBeVisible();
  await expect(window.message("kept 06")).toContainText("Waiting for the connection…");
  // Under emulation some Chromiums forget over a reload that they are offline, so either line is right.
  const isSaid = window.talk.getByText(/You are offline\.|No connection to the server\./);
  await expect(isSaid).toBeVisible();
  expect(await window.said(/kept \d\d/)).toEqual(texts);
  await window.say("after the reload");
  expect(await account.log(EVERYONE)).toHaveLength(1);

  await window.page.context().setOffline(false);
  const all = ["before", ...texts, "after the reload"];
  await expect.poll(async () => contents(await account.log(EVERYONE))).toEqual(all);
  await expect.poll(() => outboxOf(window.page)).toEqual([]);
  await expect(window.message("Waiting")).toHaveCount(0);
  await expect(window.message("after the reload")).toHaveCount(1);
});

test("a tab that crashes with a full outbox loses nothing of it", async ({
  pond,
  watched,
  witness,
}) => {
  const TEXT = /crash \d\d/;
  const { account, window } = await watched("Ana", TEXT);
  await isKept(window.page);
  const [before = "", ...texts] = numbered("crash", 60);
  await window.say(before);
  await expect.poll(async () => (await account.log(EVERYONE)).length).toBe(1);
  await pond.kill();
  for (const text of texts) await window.write(text);
  await expect.poll(async () => (await outboxOf(window.page)).length).toBe(texts.length);
  const context = window.page.context();
  const crashed = window.page.waitForEvent("crash");
  const session = await context.newCDPSession(window.page);
  session.send("Page.crash").catch(() => undefined);
  await crashed;
  await window.page.close();

  await pond.start();
  const next = new PondWindow(await context.newPage());
  await witness.watch(next.page, account, TEXT);
  await next.page.goto("/");
  await next.isReady();
  await expect(next.message("crash 60")).toBeVisible();
  await expect.poll(async () => contents(await account.log(EVERYONE))).toEqual([before, ...texts]);
  await witness.hold(next, account, EVERYONE, TEXT);
  await witness.isContent();
});

test("a tab that crashes while its messages are on their way loses and doubles none", async ({
  watched,
  witness,
}) => {
  const TEXT = /under way \d\d/;
  const { account, window } = await watched("Ana", TEXT);
  await isKept(window.page);
  const texts = numbered("under way", 40);
  for (const text of texts) await window.write(text);
  await expect
    .poll(async () => `${await outboxOf(window.page)} ${contents(await account.log(EVERYONE))}`, {
      intervals: [5],
    })
    .toContain("under way 40");
  const context = window.page.context();
  const crashed = window.page.waitForEvent("crash");
  const session = await context.newCDPSession(window.page);
  session.send("Page.crash").catch(() => undefined);
  await crashed;
  await window.page.close();

  const next = new PondWindow(await context.newPage());
  await witness.watch(next.page, account, TEXT);
  await next.page.goto("/");
  await next.isReady();
  await expect(next.message("under way 40")).toHaveCount(1);
  await expect.poll(async () => contents(await account.log(EVERYONE))).toEqual(texts);
  await witness.hold(next, account, EVERYONE, TEXT);
  await witness.isContent();
});

test("the app opens without a server, with the last conversation, and takes a message", async ({
  pond,
  person,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bo.window.say("a word to all");
  await ana.window.writeTo("Bo");
  await ana.window.say("a word to Bo");
  await isKept(ana.window.page);
  const context = ana.window.page.context();
  await ana.window.page.close();
  await pond.kill();

  const again = new PondWindow(await context.newPage());
  await again.page.goto(`/d/${ana.account.id}-${bo.account.id}`);
  await expect(again.title).toHaveText("Bo");
  await expect(again.message("a word to Bo")).toBeVisible();
  await again.say("said to nobody yet");
  await expect(again.message("said to nobody yet")).toContainText("Waiting for the connection…");
  await again.open("Everyone");
  await expect(again.message("a word to all")).toBeVisible();

  await pond.start();
  const direct = ana.account.directWith(bo.account);
  const said = ["a word to Bo", "said to nobody yet"];
  await expect
    .poll(async () => contents(await ana.account.log(direct)), { timeout: 40_000 })
    .toEqual(said);
});

test("of two tabs one sends for both, and when it goes the other does", async ({
  pond,
  watched,
  witness,
}) => {
  const TEXT = /by the other tab|both \d\d/;
  const { account, window: first } = await watched("Ana", TEXT);
  const second = new PondWindow(await first.page.context().newPage());
  await witness.watch(second.page, account, TEXT);
  const sent: string[][] = [[], []];
  second.page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const { type, body } = JSON.parse(`${payload}`);
      if (type === "SEND_TO_ALL_REQUEST") sent[1].push(body.content);
    }),
  );
  await second.page.goto("/");
  await second.isReady();

  await second.say("by the other tab");
  await expect(first.message("by the other tab")).toBeVisible();
  await expect.poll(async () => (await account.log(EVERYONE)).length).toBe(1);
  expect(sent[1], "the second tab sends nothing itself").toEqual([]);

  await pond.kill();
  const texts = numbered("both", 6);
  for (const [at, text] of texts.entries()) await [first, second][at % 2].say(text);
  for (const tab of [first, second]) {
    for (const text of texts) await expect(tab.message(text)).toBeVisible();
  }
  // The tab that sends goes while all of it waits.
  await expect.poll(async () => (await outboxOf(second.page)).length).toBe(texts.length);
  await first.page.close();
  await pond.start();
  const all = ["by the other tab", ...texts];
  await expect
    .poll(async () => contents(await account.log(EVERYONE)), { timeout: 40_000 })
    .toEqual(all);
  for (const text of all) await expect(second.message(text)).toHaveCount(1);
  await expect.poll(() => outboxOf(second.page)).toEqual([]);
  await witness.hold(second, account, EVERYONE, TEXT);
  await witness.isContent();
});

test("a tab that goes while its messages are on their way leaves none behind and doubles none", async ({
  person,
}) => {
  const { account, window: first } = await person("Ana");
  const second = new PondWindow(await first.page.context().newPage());
  await second.page.goto("/");
  await second.isReady();
  const texts = numbered("burst", 12);
  const [last = ""] = texts.slice(-1);
  const stored = async () => contents(await account.log(EVERYONE));
  for (const text of texts) await first.write(text);
  // What a tab has shown for an instant only may not be in the storage yet.
  const isSafe = async () =>
    JSON.stringify([await outboxOf(second.page), await stored()]).includes(last);
  await expect.poll(isSafe, { intervals: [5] }).toBe(true);
  await first.page.close();
  await expect.poll(stored, { timeout: 20_000 }).toEqual(texts);
  await expect.poll(() => outboxOf(second.page)).toEqual([]);
  await expect(second.message(last)).toHaveCount(1);
});

test("signing out leaves nothing but the language and the theme, in all tabs", async ({
  person,
}) => {
  const [ana] = [await person("Ana"), await person("Bo")];
  const { window } = ana;
  await window.say("something to forget");
  await window.writeTo("Bo");
  await window.composer.fill("a draft to forget");
  await window.open("Everyone");
  await expect(window.row("Bo")).toContainText("Draft");
  await window.page.getByRole("button", { name: "Settings" }).click();
  await window.page.getByRole("radio", { name: "Dark" }).check();
  const other = new PondWindow(await window.page.context().newPage());
  await other.page.goto("/");
  await other.isReady();
  await isKept(window.page);

  await window.page.getByRole("button", { name: "Sign out" }).click();
  for (const { page } of [window, other]) {
    await expect(page.getByRole("heading", { name: "Come on in" })).toBeVisible();
    await expect(page.getByText("something to forget")).toHaveCount(0);
  }
  const left = await window.page.evaluate(async () => {
    const addresses: string[] = [];
    for (const name of await caches.keys()) {
      const kept = await (await caches.open(name)).keys();
      addresses.push(...kept.map(({ url }) => new URL(url).pathname));
    }
    return {
      databases: (await indexedDB.databases()).map(({ name }) => name),
      entries: Object.keys(localStorage).filter((key) => !/^pond\.(theme|language)$/.test(key)),
      // The app itself may stay; it is the same for everybody.
      answers: addresses.filter((path) => /^\/(api|ws)/.test(path)),
    };
  });
  expect(left).toEqual({ databases: [], entries: [], answers: [] });
});

test("signing out says first what would be lost", async ({ pond, person }) => {
  let hold!: Hold;
  await pond.account("Bo");
  const { window } = await person("Ana", {
    before: async (page) => (hold = await holdFrames(page, "SEND_RESPONSE")),
  });
  await window.writeTo("Bo");
  hold.isOn = true;
  const { page } = window;
  // The browser does not ask once more.
  page.on("dialog", (dialog) => expect(dialog.message(), "a dialog").toBe(""));
  await window.write("on its way");
  await expect(window.message("on its way")).toBeVisible();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "One message is not sent yet" })).toBeVisible();
  await page.getByRole("button", { name: "Sign out anyway" }).click();
  await expect(page.getByRole("heading", { name: "Come on in" })).toBeVisible();
});

test("what one person wrote is neither shown to the next nor sent by them, and waits", async ({
  pond,
  person,
}) => {
  const { account, window } = await person("Ana");
  await isKept(window.page);
  const { page } = window;
  const enter = ({ token: value }: Account) =>
    page.context().addCookies([{ name: "pond-session", value, url: pond.url }]);
  await page.context().setOffline(true);
  await window.say("Ana alone");
  await expect.poll(async () => (await outboxOf(page)).length).toBe(1);
  const bo = await pond.account("Bo");
  await enter(bo);
  await page.context().setOffline(false);
  await expect(window.sidebar.getByText("Bo", { exact: true })).toBeVisible();
  await window.isReady();
  await window.say("Bo alone");
  await expect(window.message("Ana alone")).toHaveCount(0);
  await expect.poll(async () => contents(await bo.log(EVERYONE))).toEqual(["Bo alone"]);

  await enter(account);
  await page.reload();
  await expect(window.sidebar.getByText("Ana", { exact: true })).toBeVisible();
  const log = async () => (await bo.log(EVERYONE)).map(({ fromUser, content }) => [fromUser, content]);
  await expect.poll(log).toEqual([
    ["Bo", "Bo alone"],
    ["Ana", "Ana alone"],
  ]);
});

test("a session that ended opens on the door, with nothing of who was here on screen", async ({
  person,
}) => {
  const { account, window } = await person("Ana");
  await window.say("seen by Ana");
  await account.signOut();
  await window.page.reload();
  await expect(window.page.getByLabel("Password")).toBeVisible();
  await expect(window.page.getByText("seen by Ana")).toHaveCount(0);
});

test("a thousand messages written without a network are sent once and in order", async ({
  watched,
  witness,
}) => {
  test.setTimeout(180_000);
  const TEXT = /mass \d{4}/;
  const { account, window } = await watched("Ana", TEXT);
  await window.page.context().setOffline(true);
  await expect(window.talk.getByText("You are offline.")).toBeVisible();
  const texts = Array.from({ length: 1000 }, (_, at) => `mass ${at + 1001}`);
  // The first hundred key by key, the others as fast as the page takes them: a text, then Enter.
  for (const text of texts.slice(0, 100)) {
    await window.composer.pressSequentially(text);
    await window.composer.press("Enter");
  }
  await window.composer.evaluate(async (box: HTMLTextAreaElement, texts) => {
    for (const text of texts) {
      box.value = text;
      box.dispatchEvent(new InputEvent("input", { bubbles: true }));
      box.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }),
      );
      await new Promise((done) => setTimeout(done));
    }
  }, texts.slice(100));
  await expect
    .poll(async () => (await outboxOf(window.page)).length, { timeout: 60_000 })
    .toBe(texts.length);
  await window.page.context().setOffline(false);
  await expect
    .poll(async () => (await account.log(EVERYONE)).length, { timeout: 120_000 })
    .toBe(texts.length);
  expect(contents(await account.log(EVERYONE))).toEqual(texts);
  await expect(window.message("mass 2000")).toBeVisible();
  await expect.poll(() => outboxOf(window.page), { timeout: 20_000 }).toEqual([]);
  await witness.hold(window, account, EVERYONE, TEXT);
  await witness.isContent();
});
