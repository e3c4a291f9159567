// Who is here, and who is writing.

import { type Frame, expect, framesOf, test } from "../fixtures.ts";

test("somebody who comes is online for the others, and offline some seconds after leaving", async ({
  person,
}) => {
  const ana = await person("Ana");
  await expect(ana.window.people.getByRole("heading", { name: "Online · 1" })).toBeVisible();
  const bo = await person("Bo");
  await expect(ana.window.people.getByRole("heading", { name: "Online · 2" })).toBeVisible();
  await expect(ana.window.person("Bo")).toHaveAccessibleName(/Online/);
  await bo.window.page.context().close();
  await expect(ana.window.person("Bo")).toHaveAccessibleName(/Offline/, { timeout: 20_000 });
  await expect(ana.window.people.getByRole("heading", { name: "Online · 1" })).toBeVisible();
});

test("a reload does not make anybody seem gone", async ({ pond, person, windowOf }) => {
  const ana = await pond.account("Ana");
  let heard: Frame[] = [];
  const window = await windowOf(ana, { before: (page) => (heard = framesOf(page)) });
  const bo = await person("Bo");
  await expect(window.person("Bo")).toHaveAccessibleName(/Online/);
  await bo.window.page.reload();
  await bo.window.isReady();
  await bo.window.say("back again");
  await expect(window.message("back again")).toBeVisible();
  const gone = heard.filter(
    ({ type, body }) =>
      type === "PRESENCE_NOTICE" && body.id === bo.account.id && body.presence === "offline",
  );
  expect(gone).toEqual([]);
});

test("who writes is named under the list until the message comes", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await ana.window.composer.pressSequentially("well");
  await expect(bo.window.talk.getByText("Ana is typing…")).toBeVisible();
  await ana.window.composer.press("Enter");
  await expect(bo.window.message("well")).toBeVisible();
  await expect(bo.window.talk.getByText("Ana is typing…")).toHaveCount(0);
});

test("who stops writing is forgotten after some seconds", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await ana.window.composer.pressSequentially("hm");
  await expect(bo.window.talk.getByText("Ana is typing…")).toBeVisible();
  await expect(bo.window.talk.getByText("Ana is typing…")).toHaveCount(0);
});
