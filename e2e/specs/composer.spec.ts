// Where messages are written.

import { EVERYONE, TOUCH, expect, test } from "../fixtures.ts";

test("Enter sends and Shift+Enter breaks the line", async ({ person }) => {
  const { account, window } = await person("Ana");
  await window.composer.pressSequentially("one");
  await window.composer.press("Shift+Enter");
  await window.composer.pressSequentially("two");
  await expect(window.composer).toHaveValue("one\ntwo");
  await window.composer.press("Enter");
  await expect(window.message("one")).toBeVisible();
  await expect(window.composer).toHaveValue("");
  await expect(window.composer).toBeFocused();
  await expect
    .poll(async () => (await account.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(["one\ntwo"]);
});

test("nothing but blanks is not sent", async ({ person }) => {
  const { account, window } = await person("Ana");
  await expect(window.send).toBeDisabled();
  await window.composer.fill(" \n ");
  await expect(window.send).toBeDisabled();
  await window.composer.press("Enter");
  await window.say("something");
  await expect
    .poll(async () => (await account.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(["something"]);
});

test("a draft belongs to its conversation, and outlives a switch and a reload", async ({
  person,
}) => {
  const [ana] = [await person("Ana"), await person("Bo")];
  const { window } = ana;
  await window.composer.fill("for the room");
  await window.writeTo("Bo");
  await expect(window.composer).toHaveValue("");
  await window.composer.fill("for Bo");
  await expect(window.row("Everyone")).toContainText("Draft");
  await window.open("Everyone");
  await expect(window.composer).toHaveValue("for the room");
  // Also where nothing was said yet.
  await expect(window.row("Bo")).toContainText("Draft");
  await window.page.reload();
  await window.isReady();
  await expect(window.composer).toHaveValue("for the room");
  await window.writeTo("Bo");
  await expect(window.composer).toHaveValue("for Bo");
  await window.composer.press("Enter");
  await expect(window.message("for Bo")).toBeVisible();
  await window.page.reload();
  await expect(window.message("for Bo")).toBeVisible();
  await expect(window.composer).toHaveValue("");
});

test("room that gets tight is counted, and too much cannot be sent", async ({ person }) => {
  const { account, window } = await person("Ana");
  await window.composer.fill("x".repeat(14_000));
  await expect(window.talk.getByText(/of 16384 bytes/)).toHaveCount(0);
  await window.composer.fill("x".repeat(14_800));
  await expect(window.talk.getByText("14800 of 16384 bytes")).toBeVisible();
  await expect(window.send).toBeEnabled();
  await window.composer.fill("字".repeat(5462));
  await expect(window.composer).toHaveAccessibleDescription(
    /Too long to send: 16386 of 16384 bytes/,
  );
  await expect(window.send).toBeDisabled();
  await window.composer.press("Enter");
  await expect(window.composer).toHaveValue("字".repeat(5462));
  await window.say("short enough");
  await expect.poll(async () => (await account.log(EVERYONE)).length).toBe(1);
});

test("the box grows with its text and scrolls at its limit, and the list stays at its end", async ({
  person,
}) => {
  const { account, window } = await person("Ana");
  await account.send(EVERYONE, ...Array.from({ length: 40 }, (_, at) => `row ${at + 101}`));
  await expect(window.message("row 140")).toBeInViewport({ ratio: 1 });
  const heights: number[] = [];
  for (const lines of [1, 4, 8, 40]) {
    await window.composer.fill(Array.from({ length: lines }, (_, at) => `${at}`).join("\n"));
    heights.push(await window.composer.evaluate((box) => box.clientHeight));
    await expect(window.message("row 140")).toBeInViewport({ ratio: 1 });
  }
  const [one, four, eight, forty] = heights;
  expect(four).toBeGreaterThan(2.5 * one - 20);
  expect(eight).toBeGreaterThan(four);
  expect(forty).toBeLessThanOrEqual(0.4 * 860 + 1);
  const scrolls = await window.composer.evaluate((box) => box.scrollHeight > box.clientHeight);
  expect(scrolls).toBe(true);
});

test("under a finger Enter breaks the line, the button sends, and no keyboard comes up by itself", async ({
  pond,
  windowOf,
}) => {
  const account = await pond.account("Ana");
  const window = await windowOf(account, { path: "/r/1", context: TOUCH });
  await expect(window.composer).toBeVisible();
  await expect(window.composer).not.toBeFocused();
  await window.composer.tap();
  await window.page.keyboard.type("one");
  await window.page.keyboard.press("Enter");
  await window.page.keyboard.type("two");
  await expect(window.composer).toHaveValue("one\ntwo");
  await window.send.tap();
  await expect(window.message("one")).toBeVisible();
  await expect(window.composer).toHaveValue("");
  await expect
    .poll(async () => (await account.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(["one\ntwo"]);
});
