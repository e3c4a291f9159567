// The connection goes and comes back: people are told, and nothing they write is lost or doubled.

import { EVERYONE, NO_NETWORK, expect, test } from "../fixtures.ts";

test.use({ expectedErrors: NO_NETWORK });

test("what is written without a network is kept, and sent once and in order when it is back", async ({
  person,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await ana.window.say("note 01");
  await ana.window.page.context().setOffline(true);
  await expect(ana.window.talk.getByText("You are offline.")).toBeVisible();
  await expect(ana.window.talk.getByText(/kept here and sent when/)).toBeVisible();
  for (const text of ["note 02", "note 03", "note 04"]) await ana.window.say(text);
  await expect(ana.window.message("note 04")).toContainText("Waiting for the connection…");
  await bo.window.say("note 05");

  await ana.window.page.context().setOffline(false);
  for (const window of [ana.window, bo.window]) {
    await expect(window.message("note 04")).toBeVisible();
    await expect(window.message("note 05")).toBeVisible();
  }
  await expect(ana.window.talk.getByText("You are offline.")).toHaveCount(0);
  await expect(ana.window.message("Waiting for the connection…")).toHaveCount(0);
  const order = ["note 01", "note 05", "note 02", "note 03", "note 04"];
  await expect.poll(() => bo.window.said(/note \d\d/)).toEqual(order);
  await expect.poll(() => ana.window.said(/note \d\d/)).toEqual(order);
  await expect
    .poll(async () => (await ana.account.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(order);
});

test("what others wrote meanwhile comes in when the network is back", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bo.window.page.context().setOffline(true);
  await expect(bo.window.talk.getByText("You are offline.")).toBeVisible();
  const texts = Array.from({ length: 30 }, (_, at) => `missed ${at + 11}`);
  await ana.account.send(EVERYONE, ...texts);
  await ana.account.send(ana.account.directWith(bo.account), "psst");
  await bo.window.page.context().setOffline(false);
  await expect(bo.window.message("missed 40")).toBeVisible();
  await expect(bo.window.unreadRow("Ana", 1)).toBeVisible();
  await expect.poll(() => bo.window.said(/missed \d\d/)).toEqual(texts);
});

test("a thousand messages of another person, missed without a network, are all there in order", async ({
  pond,
  watched,
  witness,
}) => {
  test.setTimeout(120_000);
  const TEXT = /(missed|met) \d{4}/;
  const [ana, bo] = [await watched("Ana", TEXT), await pond.account("Bo")];
  witness.listen(bo);
  await ana.window.say("met 1001");
  await bo.send(EVERYONE, "met 1002");
  await expect(ana.window.message("met 1002")).toBeVisible();
  await ana.window.page.context().setOffline(true);
  await expect(ana.window.talk.getByText("You are offline.")).toBeVisible();
  await ana.window.say("met 1003");
  await bo.send(EVERYONE, ...Array.from({ length: 1000 }, (_, at) => `missed ${at + 1001}`));
  await ana.window.page.context().setOffline(false);
  await expect(ana.window.message("met 1003")).toHaveCount(1);
  await expect.poll(async () => (await ana.account.log(EVERYONE)).length).toBe(1003);
  await bo.send(EVERYONE, "met 1004");
  await witness.hold(ana.window, ana.account, EVERYONE, TEXT);
  await witness.isContent();
});

test("a server that is gone is told quietly at first, then by a banner that offers a try", async ({
  pond,
  person,
}) => {
  const { account, window } = await person("Ana");
  await pond.kill();
  await expect(window.sidebar.getByText("Reconnecting…")).toBeVisible();
  await expect(window.talk.getByText("No connection to the server.")).toBeVisible();
  await expect(window.talk.getByText(/Next try in \d+ s\.|Trying now…/)).toBeVisible();
  await window.say("while it was away");
  await pond.start();
  const retry = window.talk.getByRole("button", { name: "Retry now" });
  // It may come back by itself before the button is reached.
  await retry.click({ timeout: 2000 }).catch(() => undefined);
  await expect(window.sidebar.getByText("Connected")).toBeVisible();
  await expect(window.talk.getByText("No connection to the server.")).toHaveCount(0);
  await expect.poll(async () => (await account.log(EVERYONE)).length).toBe(1);
  await expect(window.message("while it was away")).toHaveCount(1);
  await expect(window.message("while it was away")).not.toContainText("Waiting");
});

test("a page that is opened for the first time while the server is away says so and offers another try", async ({
  person,
}) => {
  const { window } = await person("Ana");
  // The page itself comes, as from a proxy or a cache; the server behind it does not answer, and
  // nothing is kept of an earlier visit.
  await window.page.evaluate(() => localStorage.removeItem("pond.me"));
  await window.page.route("**/api/v1/server", (route) => route.abort("connectionrefused"));
  await window.page.reload();
  await expect(window.page.getByRole("heading", { name: /cannot be reached/ })).toBeVisible();
  await window.page.unroute("**/api/v1/server");
  await window.page.getByRole("button", { name: "Try again" }).click();
  await window.isReady();
});
