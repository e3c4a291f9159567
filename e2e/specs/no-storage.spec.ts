// A browser that stores nothing, as some do in private windows or by their settings: the app works,
// says quietly what that means, and loses nothing while the tab is open.

import type { Page } from "@playwright/test";

import { EVERYONE, NO_NETWORK, WORDS, expect, test } from "../fixtures.ts";

test.use({ expectedErrors: NO_NETWORK });

const REFUSALS: Record<string, (page: Page) => Promise<unknown>> = {
  "has no IndexedDB": (page) =>
    page.addInitScript(() => {
      Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    }),
  "refuses to open a database": (page) =>
    page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("Refused by a test", "SecurityError");
      };
    }),
  "fails to open a database, and forbids localStorage": (page) =>
    page.addInitScript(() => {
      // A version that is lower than what is there: the request fails later, by an event.
      const open = IDBFactory.prototype.open;
      IDBFactory.prototype.open = function (name) {
        open.call(this, name, 9);
        return open.call(this, name, 8);
      };
      Object.defineProperty(globalThis, "localStorage", {
        get: () => {
          throw new DOMException("Refused by a test", "SecurityError");
        },
      });
    }),
  "never answers": (page) =>
    page.addInitScript(() => {
      IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest;
    }),
};

for (const [what, refuse] of Object.entries(REFUSALS)) {
  test(`where the browser ${what}, people talk all the same and are told what it means`, async ({
    person,
  }) => {
    const ana = await person("Ana", { before: refuse });
    const bo = await person("Bo");
    const { window } = ana;
    await window.say("note 01");
    await bo.window.say("note 02");
    await expect(window.message("note 02")).toBeVisible();
    await expect(window.sidebar.getByText(window.words.storesNothing)).toBeVisible();
    await expect(bo.window.sidebar.getByText(window.words.storesNothing)).toHaveCount(0);

    await window.page.context().setOffline(true);
    await expect(window.talk.getByText(window.words.waitsHere)).toBeVisible();
    await expect(window.talk.getByText(window.words.keptHere)).toHaveCount(0);
    for (const text of ["note 03", "note 04"]) await window.say(text);
    await window.page.context().setOffline(false);
    const order = ["note 01", "note 02", "note 03", "note 04"];
    await expect
      .poll(async () => (await ana.account.log(EVERYONE)).map(({ content }) => content))
      .toEqual(order);
    await expect.poll(() => window.said(/note \d\d/)).toEqual(order);

    await window.page.reload();
    await window.isReady();
    await expect(window.message("note 04")).toBeVisible();
  });
}

test("a storage that is full later on is told as well, and what was written goes", async ({
  person,
}) => {
  const { account, window } = await person("Ana");
  await window.say("stored 01");
  await expect(window.sidebar.getByText(window.words.storesNothing)).toHaveCount(0);
  await window.page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("Refused by a test", "QuotaExceededError");
    };
  });
  await window.say("stored 02");
  await expect(window.sidebar.getByText(window.words.storesNothing)).toBeVisible();
  await window.say("stored 03");
  await expect
    .poll(async () => (await account.log(EVERYONE)).map(({ content }) => content))
    .toEqual(["stored 01", "stored 02", "stored 03"]);
});

test.describe("in Chinese", () => {
  test.use({ language: "zh-CN" });

  test("it is told in Chinese", async ({ person }) => {
    const { window } = await person("芋艿", { before: REFUSALS["has no IndexedDB"] });
    await expect(window.sidebar.getByText(WORDS["zh-CN"].storesNothing)).toBeVisible();
    await window.page.context().setOffline(true);
    await expect(window.talk.getByText(WORDS["zh-CN"].waitsHere)).toBeVisible();
  });
});
