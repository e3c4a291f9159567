// What is new to somebody, and when it no longer is.

import type { Page } from "@playwright/test";

import {
  type Account,
  EVERYONE,
  NO_NETWORK,
  type Person,
  PondWindow,
  expect,
  hasReadAll,
  numbered,
  test,
} from "../fixtures.ts";
import { keptUnder } from "../support/kept.ts";

test("a private message to somebody who looks elsewhere is counted in the list and the title", async ({
  person,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  const direct = ana.account.directWith(bo.account);
  await ana.account.send(direct, "one", "two");
  await expect(bo.window.unreadRow("Ana", 2)).toBeVisible();
  await expect(bo.window.page).toHaveTitle("(2) Everyone · Pond");
  await bo.window.open("Ana");
  await expect(bo.window.message("two")).toBeVisible();
  await expect(bo.window.unreadRow("Ana", 2)).toHaveCount(0);
  await expect(bo.window.page).toHaveTitle("Ana · Pond");
});

test("the room is marked as unread while one is in a private conversation", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await ana.window.say("read at once");
  // Before it is stored nothing is unread.
  await expect(bo.window.message("read at once")).toBeVisible();
  await hasReadAll(bo.account);
  await bo.window.writeTo("Ana");
  await ana.window.say("in the room");
  await expect(bo.window.unreadRow("Everyone", 1)).toBeVisible();
  await expect(bo.window.page).toHaveTitle("Ana · Pond");
  await bo.window.open("Everyone");
  await expect(bo.window.divider).toBeVisible();
  await expect(bo.window.unreadRow("Everyone", 1)).toHaveCount(0);
});

test("what was read on one device is read on the others, and a reload does not bring it back", async ({
  person,
  windowOf,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  const phone = await windowOf(await bo.account.onAnotherDevice());
  await phone.isReady();
  await ana.account.send(ana.account.directWith(bo.account), "read me once");
  await expect(phone.unreadRow("Ana", 1)).toBeVisible();
  await bo.window.open("Ana");
  await expect(phone.row("Ana")).toBeVisible();
  await expect(phone.unreadRow("Ana", 1)).toHaveCount(0);
  await phone.page.reload();
  await phone.isReady();
  await expect(phone.row("Ana")).toBeVisible();
  await expect(phone.unreadRow("Ana", 1)).toHaveCount(0);
});

test("somebody who was away finds what was written meanwhile under a line", async ({
  person,
  windowOf,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bothRead("before you left", ana, bo);
  await bo.window.page.context().close();

  await ana.account.send(EVERYONE, ...numbered("meanwhile", 60));
  const back = await windowOf(bo.account);
  await expect(back.divider).toBeInViewport();
  await expect(back.message("meanwhile 01")).toBeInViewport();
  await expect(back.message("meanwhile 60")).not.toBeInViewport();
  const list = await back.log.innerText();
  expect(list.indexOf("before you left")).toBeLessThan(list.indexOf("New"));
  expect(list.indexOf("New")).toBeLessThan(list.indexOf("meanwhile 01"));

  // The line stays while more arrives; Escape says that all is read and goes to the end.
  await ana.window.say("and one more");
  await expect(back.divider).toBeInViewport();
  await back.page.keyboard.press("Escape");
  await expect(back.message("and one more")).toBeInViewport();
  await expect(back.divider).toHaveCount(0);
  await hasReadAll(bo.account);
});

test("the bar tells what came while nobody looked, until its line was seen", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bothRead("before you looked away", ana, bo);
  await looks(bo.window.page, "elsewhere");
  const texts = Array.from({ length: 60 }, (_, at) => `meanwhile ${at + 1}`);
  await ana.account.send(EVERYONE, ...texts);
  await expect(bo.window.message("meanwhile 60")).toBeInViewport();
  await looks(bo.window.page, "here");
  const bar = bo.window.talk.getByRole("button", { name: bo.window.words.newSince });
  await expect(bar).toHaveText(/^60 /);

  // What is read as it comes was not missed.
  await ana.window.say("while you read");
  await expect(bo.window.message("while you read")).toBeInViewport();
  await expect(bar).toHaveText(/^60 /);
  await bar.click();
  await expect(bo.window.divider).toBeInViewport();
  await expect(bar).toHaveCount(0);
  await bo.window.say("I have seen it");
  await expect(bo.window.divider).not.toBeInViewport();
  await expect(bar).toHaveCount(0);
});

test("who looked away before they read what is under the line goes there once more", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await looks(bo.window.page, "elsewhere");
  const there = ana.account.directWith(bo.account);
  await ana.account.send(there, ...numbered("early", 6));
  await bo.window.open("Ana");
  await expect(bo.window.divider).toBeInViewport();
  await looks(bo.window.page, "here");
  // Not for as long as reading takes.
  await looks(bo.window.page, "elsewhere");
  await ana.account.send(there, ...numbered("late", 60));
  await expect(bo.window.message("late 60")).toBeInViewport();
  await looks(bo.window.page, "here");
  const bar = bo.window.talk.getByRole("button", { name: bo.window.words.newSince });
  await expect(bar).toHaveText(/^66 /);
  await bar.click();
  await expect(bo.window.message("early 01")).toBeInViewport();
  await expect.poll(() => unreadOf(bo.account, there)).toBeLessThan(66);
  expect(await unreadOf(bo.account, there)).toBeGreaterThan(20);
});

test("a window that is closed and opened again shows what is new under a line, and none of the rest as read", async ({
  person,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bothRead("before you left", ana, bo);
  const page = await closes(bo);
  await ana.account.send(EVERYONE, ...numbered("meanwhile", 120));

  const back = new PondWindow(page);
  await page.goto("/");
  await expect(back.divider).toBeInViewport();
  await expect(back.message("meanwhile 001")).toBeInViewport();
  await expect.poll(() => unreadOf(bo.account)).toBeLessThan(120);
  expect(await unreadOf(bo.account)).toBeGreaterThan(60);
});

test("so does one in which more is new than is fetched at once, and the bar counts it", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bothRead("before you left", ana, bo);
  const page = await closes(bo);
  await ana.account.send(EVERYONE, ...numbered("meanwhile", 700));

  const back = new PondWindow(page);
  await page.clock.install();
  await page.goto("/");
  await expect(back.message("meanwhile 700")).toBeInViewport();
  const bar = back.talk.getByRole("button", { name: /^700 new/ });
  await expect(bar).toBeVisible();
  // Long enough on screen to be read, if it were not for what lies above.
  await ana.window.say("while you look");
  await expect(back.message("while you look")).toBeInViewport();
  await page.clock.runFor(3000);
  await page.reload();
  await expect(back.talk.getByRole("button", { name: /^701 new/ })).toBeVisible();
  expect(await unreadOf(bo.account)).toBe(701);
  await page.keyboard.press("Escape");
  await hasReadAll(bo.account);
});

test.describe("in a tunnel", () => {
  test.use({ expectedErrors: NO_NETWORK });

  test("what comes while there is no network is not read because the window is open", async ({ person }) => {
    const [ana, bo] = [await person("Ana"), await person("Bo")];
    await bothRead("before the tunnel", ana, bo);
    await bo.window.page.context().setOffline(true);
    await expect(bo.window.talk.getByText(bo.window.words.noNetwork)).toBeVisible();
    await ana.account.send(EVERYONE, ...numbered("meanwhile", 120));
    await bo.window.page.context().setOffline(false);
    await expect(bo.window.message("meanwhile 120")).toBeInViewport();
    const bar = bo.window.talk.getByRole("button", { name: bo.window.words.newSince });
    await expect(bar).toHaveText(/^120 /);

    // Reading goes on when the person has been at the line.
    await ana.window.say("while you read");
    await expect(bar).toHaveText(/^12[01] /);
    expect(await unreadOf(bo.account)).toBeGreaterThanOrEqual(120);
    await bar.click();
    await expect(bo.window.message("meanwhile 001")).toBeInViewport();
    await expect.poll(() => unreadOf(bo.account)).toBeLessThan(120);
  });

  test("what one writes there under what was missed says that it is read", async ({ person }) => {
    const [ana, bo] = [await person("Ana"), await person("Bo")];
    await bothRead("before the tunnel", ana, bo);
    const tunnel = async (isIn: boolean) => {
      await bo.window.page.context().setOffline(isIn);
      const notice = bo.window.talk.getByText(bo.window.words.noNetwork);
      await expect(notice).toHaveCount(isIn ? 1 : 0);
    };
    await tunnel(true);
    await ana.account.send(EVERYONE, ...numbered("meanwhile", 40));
    await tunnel(false);
    const bar = bo.window.talk.getByRole("button", { name: bo.window.words.newSince });
    await expect(bar).toHaveText(/^40 /);
    await tunnel(true);
    await bo.window.write("I saw it");
    await tunnel(false);
    await expect(ana.window.message("I saw it")).toBeVisible();
    await hasReadAll(bo.account);
    await expect(bar).toHaveCount(0);
  });
});

test("the bar leads to the first of more new messages than a room fetches by itself, and a button back", async ({
  person,
  windowOf,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bothRead("before you left", ana, bo);
  await bo.window.page.context().close();
  await ana.account.send(EVERYONE, ...numbered("meanwhile", 700));

  const back = await windowOf(bo.account);
  await expect(back.message("meanwhile 700")).toBeInViewport();
  const bar = back.talk.getByRole("button", { name: /^700 new/ });
  await bar.click();
  await expect(back.divider).toBeInViewport({ timeout: 15_000 });
  await expect(back.message("meanwhile 001")).toBeInViewport();
  await expect(bar).toHaveCount(0);
  await expect(back.message("meanwhile 001")).toBeFocused();

  const down = back.talk.getByRole("button", { name: back.words.newest });
  await down.focus();
  await back.page.keyboard.press("Enter");
  await expect(back.message("meanwhile 700")).toBeInViewport();
  await expect(down).toHaveCount(0);
  await expect(back.composer).toBeFocused();
});

test("a room entered for the first time has no line in it", async ({ pond, person, windowOf }) => {
  const ana = await person("Ana");
  await ana.account.send(EVERYONE, "long before", "you came");
  const bo = await windowOf(await pond.account("Bo"));
  await expect(bo.message("you came")).toBeVisible();
  await expect(bo.divider).toHaveCount(0);
});

/** The one writes this, and the other has read all that there is. */
async function bothRead(text: string, writer: Person, reader: Person): Promise<void> {
  await writer.window.say(text);
  await expect(reader.window.message(text)).toBeVisible();
  await hasReadAll(reader.account);
}

/** Closes a window once all that it shows is kept, and gives an empty one of the same browser: what is
 * kept is there again before the server has said anything. */
async function closes({ window: { page, messages } }: Person): Promise<Page> {
  const newest = await messages.last().locator(".message__text").innerText();
  await expect.poll(async () => (await keptUnder(page, "events/")).join()).toContain(newest);
  await page.close();
  return page.context().newPage();
}

/** How many messages the server counts as unread in the room. */
async function unreadOf(account: Account, conversation = EVERYONE): Promise<number> {
  const room = (await account.conversations()).find(({ id }) => id === conversation);
  return room?.unread ?? 0;
}

/** Another window of the desk has the keyboard, or this one again. */
async function looks(page: Page, where: "elsewhere" | "here"): Promise<void> {
  await page.evaluate((isHere) => {
    document.hasFocus = () => isHere;
    window.dispatchEvent(new Event(isHere ? "focus" : "blur"));
  }, where === "here");
}
