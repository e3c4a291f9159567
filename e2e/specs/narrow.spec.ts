// One pane at a time on a phone, and Back does what a thumb expects.

import { TOUCH, expect, test } from "../fixtures.ts";

test("a conversation opens over the list, and Back leads to the list again", async ({
  pond,
  windowOf,
}) => {
  const window = await windowOf(await pond.account("Ana"), { context: TOUCH });
  await expect(window.sidebar).toBeVisible();
  await expect(window.composer).toBeHidden();
  await window.row("Everyone").tap();
  await expect(window.composer).toBeVisible();
  await expect(window.sidebar).toBeHidden();
  await window.page.goBack();
  await expect(window.sidebar).toBeVisible();
  await expect(window.composer).toBeHidden();
  await window.page.goForward();
  await expect(window.composer).toBeVisible();
  await window.talk.getByRole("link", { name: "Back to the list" }).tap();
  await expect(window.sidebar).toBeVisible();
});

test("the members lie over the conversation, and Back closes them first", async ({
  pond,
  person,
  windowOf,
}) => {
  const [ana] = [await pond.account("Ana"), await person("Bo")];
  const window = await windowOf(ana, { context: TOUCH });
  await window.row("Everyone").tap();
  const members = window.talk.getByRole("button", { name: "Members" });
  await members.tap();
  await expect(window.people).toBeVisible();
  await window.page.goBack();
  await expect(window.people).toBeHidden();
  await expect(window.composer).toBeVisible();
  await members.tap();
  await window.people.getByRole("button", { name: "Close" }).tap();
  await expect(window.people).toBeHidden();
  await members.tap();
  await window.person("Bo").tap();
  await expect(window.title).toHaveText("Bo");
  await expect(window.people).toBeHidden();
  // The panel's entry made way, so one step back is the room.
  await window.page.goBack();
  await expect(window.title).toHaveText("# Everyone");
});

test("a link straight to a conversation leads back to the list, and not out of the app", async ({
  pond,
  windowOf,
}) => {
  const window = await windowOf(await pond.account("Ana"), { path: "/r/1", context: TOUCH });
  await expect(window.composer).toBeVisible();
  await window.talk.getByRole("link", { name: "Back to the list" }).tap();
  await expect(window.sidebar).toBeVisible();
});

test("whatever a thumb is to hit is 44 pixels tall, and letters in fields have 16", async ({
  pond,
  windowOf,
}) => {
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await bo.send(ana.directWith(bo), "hello");
  const window = await windowOf(ana, { context: TOUCH });
  const isTall = async (what: string, targets: ReturnType<typeof window.page.getByRole>) => {
    expect(await targets.count(), what).toBeGreaterThan(0);
    for (const target of await targets.all()) {
      const box = await target.boundingBox();
      expect
        .soft(box?.height ?? 0, `${what}: ${await target.innerText()}`)
        .toBeGreaterThanOrEqual(44);
    }
  };
  await expect(window.row("Bo")).toBeVisible();
  await isTall("rows of the list", window.sidebar.getByRole("link"));
  await isTall("buttons of the list", window.sidebar.getByRole("button"));
  await window.row("Bo").tap();
  await expect(window.composer).toBeVisible();
  await isTall("back", window.talk.getByRole("link", { name: "Back to the list" }));
  await isTall("members", window.talk.getByRole("button", { name: "Members" }));
  await isTall("send", window.send);
  const size = await window.composer.evaluate((box) =>
    Number.parseFloat(getComputedStyle(box).fontSize),
  );
  expect(size).toBeGreaterThanOrEqual(16);
  await window.talk.getByRole("button", { name: "Members" }).tap();
  await isTall("members", window.people.getByRole("link"));
});

test("the composer stays above a keyboard that takes half of the screen", async ({
  pond,
  windowOf,
}) => {
  const ana = await pond.account("Ana");
  await ana.send("r1", ...Array.from({ length: 30 }, (_, at) => `row ${at + 101}`));
  const window = await windowOf(ana, { path: "/r/1", context: TOUCH });
  await expect(window.message("row 130")).toBeInViewport();
  // With interactive-widget=resizes-content a keyboard makes the layout shorter.
  await window.page.setViewportSize({ width: 390, height: 420 });
  await expect(window.composer).toBeInViewport({ ratio: 1 });
  await expect(window.message("row 130")).toBeInViewport({ ratio: 1 });
});
