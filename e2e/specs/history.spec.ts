// What was said stays said, over reloads and restarts.

import { EVERYONE, NO_NETWORK, REFUSED, expect, test } from "../fixtures.ts";

test("a reload shows the same conversation with the same messages", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await ana.window.writeTo("Bo");
  await ana.window.say("kept 01");
  await ana.window.say("kept 02");
  await ana.window.page.reload();
  await expect(ana.window.title).toHaveText("Bo");
  await expect(ana.window.message("kept 02")).toBeVisible();
  expect(await ana.window.said(/kept \d\d/)).toEqual(["kept 01", "kept 02"]);
  await expect(ana.window.row("Bo")).toHaveAttribute("aria-current", "page");
  await expect(bo.window.unreadRow("Ana", 2)).toBeVisible();
});

test("an empty conversation says that it begins here", async ({ person }) => {
  const ana = await person("Ana");
  await expect(ana.window.talk.getByText("This is the beginning of #Everyone.")).toBeVisible();
  await expect(ana.window.messages).toHaveCount(0);
});

test.describe("an address that leads nowhere", () => {
  // The status says it, too, and the browser logs that.
  test.use({ expectedErrors: REFUSED });

  for (const path of ["/d/7-9", "/r/1/2", "/nowhere"]) {
    test(`says so and leads on: ${path}`, async ({ pond, windowOf }) => {
      const ana = await windowOf(await pond.account("Ana"), { path });
      await expect(ana.page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
      await ana.page.getByRole("link", { name: "Go to Everyone" }).click();
      await ana.isReady();
    });
  }
});

test("so does the address of a conversation with nobody", async ({ pond, windowOf }) => {
  const ana = await pond.account("Ana");
  const window = await windowOf(ana, { path: `/d/${ana.id}-99` });
  await expect(window.page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
  await expect(window.composer).toHaveCount(0);
});

test.describe("a server that is stopped and started again", () => {
  test.use({ expectedErrors: NO_NETWORK });

  test("has everything that was said, and its people stay signed in", async ({ pond, person }) => {
    const [ana, bo] = [await person("Ana"), await person("Bo")];
    await ana.window.say("before the restart");
    await expect(bo.window.message("before the restart")).toBeVisible();
    await pond.stop();
    await pond.start();
    await ana.window.say("after the restart");
    await expect(bo.window.message("after the restart")).toBeVisible({ timeout: 20_000 });
    await bo.window.page.reload();
    await expect(bo.window.message("before the restart")).toBeVisible();
    expect(await bo.window.said(/(before|after) the restart/)).toEqual([
      "before the restart",
      "after the restart",
    ]);
    expect((await ana.account.log(EVERYONE)).map((stored) => stored.seq)).toEqual([1, 2]);
  });
});
