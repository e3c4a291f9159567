// What a screen reader is told of a conversation: what others say just now, and nothing else.

import type { Page } from "@playwright/test";

import { EVERYONE, NO_NETWORK, expect, test } from "../fixtures.ts";

test("history is not read out, what others say is, and own words are not", async ({
  pond,
  windowOf,
}) => {
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await bo.send(EVERYONE, ...Array.from({ length: 70 }, (_, at) => `history ${at + 101}`));
  let spoken!: () => Promise<string[]>;
  const window = await windowOf(ana, { before: async (page) => (spoken = await listenTo(page)) });
  await expect(window.message("history 170")).toBeInViewport();
  await expect(window.log).toHaveAttribute("aria-live", "off");
  // Up to the first one, over several pages.
  await window.log.hover();
  await expect(async () => {
    await window.page.mouse.wheel(0, -2000);
    await expect(window.message("history 101")).toBeInViewport({ timeout: 50 });
  }).toPass();

  // What comes before there is a connection is missed and not heard.
  await window.isReady();
  await window.say("said by me");
  await bo.send(EVERYONE, "said just now");
  await expect.poll(spoken).toContain("Bo: said just now");
  // The same words again are another message.
  await expect.poll(async () => (await spoken()).at(-1)).toBe("");
  await bo.send(EVERYONE, "said just now");
  await expect.poll(spoken).toEqual(["Bo: said just now", "", "Bo: said just now"]);
});

test("a burst is spoken in two breaths at most, and its middle is left out", async ({
  pond,
  person,
}) => {
  const bo = await pond.account("Bo");
  const { window } = await person("Ana", { before: listenTo });
  await window.say("ready");
  await bo.send(EVERYONE, ...Array.from({ length: 12 }, (_, at) => `burst ${at + 101}`));
  await expect(window.message("burst 112")).toBeVisible();
  const spoken = () => window.page.evaluate(() => globalThis.spokenByPond);
  await expect.poll(async () => (await spoken()).join()).toMatch(/burst 112\nand \d+ more/);
});

test.describe("while there is no connection", () => {
  test.use({ expectedErrors: NO_NETWORK });

  test("what is missed is counted and not read out", async ({ pond, person }) => {
    const bo = await pond.account("Bo");
    const { window } = await person("Ana", { before: listenTo });
    await bo.send(EVERYONE, "still here");
    await expect(window.message("still here")).toBeVisible();
    await window.page.context().setOffline(true);
    await expect(window.talk.getByText(window.words.noNetwork)).toBeVisible();
    await bo.send(EVERYONE, "missed 1", "missed 2", "missed 3");
    await window.page.context().setOffline(false);
    await expect(window.message("missed 3")).toBeVisible({ timeout: 20_000 });
    const spoken = () => window.page.evaluate(() => globalThis.spokenByPond);
    await expect.poll(spoken).toContain("3 unread messages");
    await bo.send(EVERYONE, "heard again");
    await expect.poll(async () => (await spoken()).join()).toContain("Bo: heard again");
    expect((await spoken()).join()).not.toContain("missed");
  });
});

declare global {
  var spokenByPond: string[];
}

/** Keeps everything that the live region ever says. To be called before the page is loaded. */
async function listenTo(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    globalThis.spokenByPond = [];
    new MutationObserver(() => {
      const region = document.querySelector("[data-announcer]");
      const words = region?.textContent?.trim() ?? "";
      if (words !== (globalThis.spokenByPond.at(-1) ?? "")) globalThis.spokenByPond.push(words);
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => globalThis.spokenByPond);
}
