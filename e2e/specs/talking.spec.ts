// People talk: in the room, and one to one.

import { EVERYONE, expect, framesOf, test } from "../fixtures.ts";

test("what three people say in the room stands in the same order in every window", async ({
  person,
}) => {
  const [ana, bo, cy] = [await person("Ana"), await person("Bo"), await person("Cy")];
  const everyone = [ana.window, bo.window, cy.window];
  const written = ["first 01", "second 02", "third 03", "fourth 04"];
  for (const [turn, text] of written.entries()) {
    await everyone[turn % 3].write(text);
    for (const window of everyone) await expect(window.message(text)).toBeVisible();
  }
  for (const window of everyone) {
    expect(await window.said(/\w+ \d\d/)).toEqual(written);
    for (const text of written) await expect(window.message(text)).toHaveCount(1);
  }
  await expect
    .poll(async () => (await ana.account.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(written);
});

test("a message names its author, its time and its text", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("番茄")];
  await bo.window.write("早上好");
  await expect(ana.window.message("早上好")).toHaveAccessibleName(/^番茄, \d\d:\d\d, 早上好$/);
  const time = ana.window.message("早上好").getByRole("time");
  await expect(time).toHaveText(/^\d\d:\d\d$/);
  await expect(time).toHaveAttribute("datetime", /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
});

test("line breaks, code and links are shown as such, and links open elsewhere", async ({
  person,
}) => {
  const { window } = await person("Ana");
  await window.write("one\ntwo `let x = 1;` https://example.org/a?b=c.");
  const message = window.message("one");
  await expect(message.getByRole("code")).toHaveText("let x = 1;");
  const link = message.getByRole("link");
  await expect(link).toHaveAttribute("href", "https://example.org/a?b=c");
  await expect(link).toHaveAttribute("rel", /noopener noreferrer/);
  expect(await message.innerText()).toMatch(/one\ntwo/);
});

test("a private message reaches its addressee and nobody else", async ({
  pond,
  person,
  windowOf,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  const cy = await pond.account("Cy");
  let heard: ReturnType<typeof framesOf> = [];
  const window = await windowOf(cy, { before: (page) => (heard = framesOf(page)) });
  await window.isReady();

  await ana.window.writeTo("Bo");
  await ana.window.say("just for you");
  await expect(bo.window.unreadRow("Ana", 1)).toBeVisible();
  await bo.window.open("Ana");
  await expect(bo.window.message("just for you")).toBeVisible();
  await bo.window.say("and back");
  await expect(ana.window.message("and back")).toBeVisible();

  // Everything said so far would have come before this.
  await ana.account.send(EVERYONE, "hello all");
  await expect(window.message("hello all")).toBeVisible();
  expect(JSON.stringify(heard)).toContain("hello all");
  expect(JSON.stringify(heard)).not.toContain("just for you");
  expect(JSON.stringify(heard)).not.toContain("and back");
  expect((await cy.conversations()).map((one) => one.id)).toEqual([EVERYONE]);
  await expect(window.sidebar.getByRole("link")).toHaveCount(1);
});

test("a name beside a message opens the private conversation with its author", async ({
  person,
}) => {
  const [ana, bo] = [await person("Ana"), await person("Bo")];
  await bo.window.write("who is it?");
  await ana.window.message("who is it?").getByRole("button", { name: "Bo" }).click();
  await expect(ana.window.title).toHaveText("Bo");
  await expect(ana.window.composer).toBeFocused();
});

test("what somebody writes on one device is theirs on the other at once", async ({
  person,
  windowOf,
}) => {
  const ana = await person("Ana");
  const other = await windowOf(await ana.account.onAnotherDevice());
  await other.isReady();
  await ana.window.say("from the desk");
  await expect(other.message("from the desk")).toHaveAccessibleName(/^Ana,/);
  await other.say("from the sofa");
  await expect(ana.window.message("from the sofa")).toHaveAccessibleName(/^Ana,/);
  await expect(ana.window.people.getByRole("heading", { name: "Online · 1" })).toBeVisible();
});
