// How far a private message came: ✓ it is stored, ✓✓ it is on one of the other person's devices.

import { type Hold, expect, holdFrames, test } from "../fixtures.ts";

test("one mark stands while no device of the other person has a private message", async ({ pond, person }) => {
  const [ana, bo] = [await person("Ana"), await pond.account("Bo")];
  await bo.send(bo.directWith(ana.account), "hello Ana");
  await ana.window.open("Bo");
  await ana.window.say("hello Bo");
  const mine = ana.window.message("hello Bo");
  await expect(mine).toHaveAccessibleName(/, Sent$/);
  await expect(mine).toContainText("✓");
  await expect(mine).not.toContainText("✓✓");
});

test("two marks come with a device of the other person, and the label says when they read it", async ({
  person,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await ana.window.writeTo("Bo");
  await ana.window.say("on its way");
  const mine = ana.window.message("on its way");
  await expect(mine).toHaveAccessibleName(/, Delivered$/);
  await expect(mine).toContainText("✓✓");
  await expect(ana.window.message("on its way")).toHaveCount(1);
  await bo.window.open("Ana");
  await expect(bo.window.message("on its way")).not.toContainText("✓");
  await expect(mine).toHaveAccessibleName(/, Read$/);
});

test("what a row shows of the time stays where it is when its message is stored", async ({ person }) => {
  let hold!: Hold;
  const ana = await person("Ana", {
    before: async (page) => (hold = await holdFrames(page, "SEND_RESPONSE")),
  });
  await person("Bo");
  await ana.window.writeTo("Bo");
  hold.isOn = true;
  await ana.window.say("on its way");
  const mine = ana.window.message("on its way");
  const time = mine.getByRole("time");
  const [stood, minute] = [await time.elementHandle(), await time.getAttribute("datetime")];
  await expect(mine).not.toContainText("✓");
  hold.isOn = false;
  hold.release();
  await expect(mine).toContainText("✓");
  const isThere = await stood?.evaluate((time) => time.isConnected);
  // In another minute it is another time.
  expect(isThere || (await time.getAttribute("datetime")) !== minute).toBe(true);
});

test("what is said in a room has no marks", async ({ person }) => {
  const ana = await person("Ana");
  await ana.window.say("to all");
  await expect(ana.window.message("to all")).not.toContainText("✓");
  await expect(ana.window.message("to all")).not.toHaveAccessibleName(/Sent/);
});
