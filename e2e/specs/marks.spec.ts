// How far a private message came: ✓ it is stored, ✓✓ it is on one of the other person's devices.

import { expect, test } from "../fixtures.ts";

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

test("what is said in a room has no marks", async ({ person }) => {
  const ana = await person("Ana");
  await ana.window.say("to all");
  await expect(ana.window.message("to all")).not.toContainText("✓");
  await expect(ana.window.message("to all")).not.toHaveAccessibleName(/Sent/);
});
