// A message that the server will not take: the reason is told, and the words are not lost.

import { EVERYONE, expect, refuse, test } from "../fixtures.ts";

const BAD_TEXT = 4220;

test("a refused message says why and can be sent again", async ({ pond, windowOf }) => {
  const ana = await pond.account("Ana");
  let isStrict = true;
  const window = await windowOf(ana, {
    before: (page) => refuse(page, BAD_TEXT, (text) => isStrict && text.includes("odd")),
  });
  await window.isReady();
  await window.say("something odd");
  const refused = window.message("something odd");
  await expect(refused).toContainText("Not sent. This has nothing to read in it.");
  await expect(refused).toHaveAccessibleName(/Not sent/);
  // Those after it are not held up.
  await window.say("something plain");
  await expect.poll(async () => (await ana.log(EVERYONE)).length).toBe(1);

  await refused.getByRole("button", { name: "Retry" }).click();
  await expect(refused).toContainText("Not sent.");
  isStrict = false;
  await refused.getByRole("button", { name: "Retry" }).click();
  await expect(refused).not.toContainText("Not sent.");
  await expect
    .poll(async () => (await ana.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(["something plain", "something odd"]);
  await expect(refused).toHaveCount(1);
});

test("what one is about to press stays where somebody else writes meanwhile", async ({ pond, windowOf }) => {
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  const window = await windowOf(ana, {
    before: (page) => refuse(page, BAD_TEXT, (text) => text.includes("odd")),
  });
  await window.isReady();
  await window.say("something plain");
  await window.say("something odd");
  const refused = window.message("something odd");
  const retry = refused.getByRole("button", { name: "Retry" });
  await retry.focus();
  await expect(refused).not.toContainText("Ana");
  await bo.send(EVERYONE, "between the two");
  // Its author is named now that somebody else's stands before it.
  await expect(refused).toContainText("Ana");
  await expect(retry).toBeFocused();
});

test("a refused message can be taken away, and its words go back into the composer", async ({
  pond,
  windowOf,
}) => {
  const ana = await pond.account("Ana");
  const window = await windowOf(ana, {
    before: (page) => refuse(page, BAD_TEXT, (text) => text.includes("odd")),
  });
  await window.isReady();
  await window.say("something odd");
  const refused = window.message("something odd");
  await refused.getByRole("button", { name: "Delete" }).click();
  await expect(refused).toHaveCount(0);
  await expect(window.composer).toHaveValue("something odd");
  await window.composer.fill("something better");
  await window.composer.press("Enter");
  await expect(window.message("something better")).toBeVisible();
  await expect
    .poll(async () => (await ana.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(["something better"]);
});

test("a refusal that passes is tried again without being asked", async ({ pond, windowOf }) => {
  const ana = await pond.account("Ana");
  let refusals = 0;
  const UNAVAILABLE = 5030;
  const window = await windowOf(ana, {
    before: (page) => refuse(page, UNAVAILABLE, () => (refusals += 1) <= 2),
  });
  await window.isReady();
  await window.say("patience");
  await expect.poll(async () => (await ana.log(EVERYONE)).length).toBe(1);
  await expect(window.message("patience")).toHaveCount(1);
  await expect(window.message("patience")).not.toContainText("Sending…");
  expect(refusals).toBe(3);
});
