// Everything without a mouse.

import type { Page } from "@playwright/test";

import { EVERYONE, PASSWORD, expect, test } from "../fixtures.ts";

test("somebody with a keyboard alone signs in, finds a person, writes and reads back", async ({
  pond,
  visitor,
}) => {
  const [, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await bo.send(EVERYONE, "row 1", "row 2", "row 3");
  const window = await visitor();
  const { keyboard } = window.page;
  const focused = window.page.locator(":focus");
  await window.page.goto("/");
  await expect(window.page.getByLabel("Name")).toBeVisible();

  await tabTo(window.page.getByLabel("Name"));
  await keyboard.type("Ana");
  await keyboard.press("Tab");
  await expect(window.page.getByLabel("Password")).toBeFocused();
  await keyboard.type(PASSWORD);
  const isComposerFirst = composerHasFocusAtOnce(window.page);
  await keyboard.press("Enter");
  expect(await isComposerFirst, "the composer has the focus when it comes").toBe(true);
  await keyboard.type("at once");
  await expect(window.composer).toHaveValue("at once");
  await window.composer.fill("");
  await window.isReady();

  await test.step("the list is one tab stop, and arrows go through it", async () => {
    await expect(window.message("row 3")).toBeVisible();
    await keyboard.press("Shift+Tab");
    const name = focused.and(window.log.getByRole("button", { name: "Bo" }));
    if (await name.count()) await keyboard.press("Shift+Tab");
    await expect(window.message("row 3")).toBeFocused();
    await keyboard.press("ArrowUp");
    await expect(window.message("row 2")).toBeFocused();
    await keyboard.press("Home");
    await expect(window.message("row 1")).toBeFocused();
    await keyboard.press("ArrowUp");
    await expect(window.message("row 1")).toBeFocused();
    await keyboard.press("End");
    await expect(window.message("row 3")).toBeFocused();
    await keyboard.press("Tab");
    await tabTo(window.composer);
  });

  await test.step("the picker opens a private conversation", async () => {
    await keyboard.press("Control+k");
    await keyboard.type("bo");
    await expect(window.picker.chosen).toContainText("Bo");
    await keyboard.press("Enter");
    await expect(window.title).toHaveText("Bo");
    await expect(window.composer).toBeFocused();
    await keyboard.type("typed blind");
    await keyboard.press("Enter");
    await expect(window.message("typed blind")).toBeVisible();
  });

  await test.step("the way out is reached as well", async () => {
    await tabTo(window.page.getByRole("button", { name: "Settings" }), "Shift+Tab");
    await keyboard.press("Enter");
    await tabTo(window.page.getByRole("button", { name: "Sign out" }));
    await keyboard.press("Enter");
    await expect(window.page.getByRole("heading", { name: "Come on in" })).toBeVisible();
  });

  /** Presses Tab until the focus is there, as a person does. */
  async function tabTo(target: typeof focused, key = "Tab") {
    for (let presses = 0; presses < 30; presses += 1) {
      if (await target.and(focused).count()) return;
      await keyboard.press(key);
    }
    await expect(target).toBeFocused();
  }
});

test("a picker that is closed gives the keyboard back to the composer", async ({ person }) => {
  const { window } = await person("Ana");
  const { keyboard } = window.page;
  await keyboard.type("half a ");
  await keyboard.press("Control+k");
  await keyboard.type("nobody");
  await expect(window.picker.input).toHaveValue("nobody");
  await keyboard.press("Escape");
  await keyboard.type("sentence");
  await expect(window.composer).toHaveValue("half a sentence");
});

test("before everything else there is a way to skip to the conversation", async ({ person }) => {
  const { window } = await person("Ana");
  await window.sidebar.getByRole("button", { name: window.words.find }).focus();
  await window.page.keyboard.press("Shift+Tab");
  const skip = window.page.getByRole("link", { name: "Skip to the conversation" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await window.page.keyboard.press("Enter");
  await expect(window.talk).toBeFocused();
});

test("the focused row keeps the focus while the list scrolls far away and messages come", async ({
  pond,
  windowOf,
}) => {
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await bo.send(EVERYONE, ...Array.from({ length: 49 }, (_, at) => `row ${at + 101}`));
  const window = await windowOf(ana);
  await window.message("row 149").focus();
  await window.page.keyboard.press("ArrowUp");
  await expect(window.message("row 148")).toBeFocused();
  await window.log.hover();
  await window.page.mouse.wheel(0, -4000);
  await expect(window.message("row 101")).toBeInViewport();
  await bo.send(EVERYONE, "row 150");
  await expect(window.message("row 148")).toBeFocused();
  await window.page.keyboard.press("ArrowDown");
  await expect(window.message("row 149")).toBeFocused();
  await expect(window.message("row 149")).toBeInViewport({ ratio: 1 });
});

/** Whether the first key after the composer came into the page would find it. */
function composerHasFocusAtOnce(page: Page): Promise<boolean> {
  return page.evaluate(
    () =>
      new Promise((answer) => {
        const observer = new MutationObserver(() => {
          const composer = document.querySelector("main textarea");
          if (!composer) return;
          observer.disconnect();
          setTimeout(() => answer(document.activeElement === composer));
        });
        observer.observe(document.body, { childList: true, subtree: true });
      }),
  );
}
