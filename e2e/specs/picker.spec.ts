// The picker: the way to people and rooms by a few letters.

import { NO_NETWORK, expect, test } from "../fixtures.ts";

test("Ctrl+K opens it, arrows choose, Enter opens the conversation and the composer has the focus", async ({
  pond,
  person,
}) => {
  for (const name of ["Bo", "Bob", "Bobby"]) await pond.account(name);
  const { window } = await person("Ana");
  await window.page.keyboard.press("Control+k");
  await expect(window.picker.dialog).toBeVisible();
  await expect(window.picker.input).toBeFocused();
  await window.page.keyboard.type("bo");
  await expect(window.picker.options).toHaveCount(3);
  const names = ["Bo", "Bob", "Bobby"];
  for (const name of names) {
    await expect(window.picker.chosen.getByText(name, { exact: true })).toBeVisible();
    const active = await window.picker.chosen.getAttribute("id");
    await expect(window.picker.input).toHaveAttribute("aria-activedescendant", active ?? "none");
    await window.page.keyboard.press("ArrowDown");
  }
  await window.page.keyboard.press("ArrowUp");
  await expect(window.picker.chosen.getByText("Bob", { exact: true })).toBeVisible();
  await window.page.keyboard.press("Enter");
  await expect(window.picker.dialog).toBeHidden();
  await expect(window.title).toHaveText("Bob");
  await expect(window.composer).toBeFocused();
  await window.page.keyboard.type("hello");
  await expect(window.composer).toHaveValue("hello");
});

test("Escape closes it and the focus returns to where it was", async ({ person }) => {
  const { window } = await person("Ana");
  await window.composer.focus();
  await window.page.keyboard.type("half a ");
  await window.page.keyboard.press("Control+k");
  await expect(window.picker.input).toBeFocused();
  await window.page.keyboard.press("Escape");
  await expect(window.picker.dialog).toBeHidden();
  await expect(window.composer).toBeFocused();
  await window.page.keyboard.type("sentence");
  await expect(window.composer).toHaveValue("half a sentence");

  const plus = window.sidebar.getByRole("button", { name: "New private message" });
  await plus.click();
  await expect(window.picker.input).toBeFocused();
  await window.page.keyboard.press("Escape");
  await expect(plus).toBeFocused();
});

test("it finds somebody with whom nothing was ever said, here or not", async ({ pond, person }) => {
  await pond.account("Zoë Ångström");
  await pond.account("小番茄");
  const { window } = await person("Ana");
  await window.sidebar.getByRole("button", { name: /^Find or message/ }).click();
  await window.picker.input.fill("zoë");
  await expect(window.picker.option("Zoë Ångström")).toBeVisible();
  await window.picker.input.fill("番");
  await expect(window.picker.option("小番茄")).toHaveAccessibleName(/Offline.*小番茄/);
  await window.picker.option("小番茄").click();
  await expect(window.title).toHaveText("小番茄");
  await window.say("你好");
  await expect(window.row("小番茄")).toBeVisible();
});

test("an empty query offers rooms and who is here, @ people and # rooms", async ({
  pond,
  person,
}) => {
  await pond.account("Gone");
  const [ana] = [await person("Ana"), await person("Bo")];
  await ana.window.page.keyboard.press("Control+k");
  await expect(ana.window.picker.option("Everyone")).toBeVisible();
  await expect(ana.window.picker.option("Bo")).toBeVisible();
  await ana.window.picker.input.fill("#");
  await expect(ana.window.picker.options).toHaveText([/Everyone/]);
  await ana.window.picker.input.fill("@");
  await expect(ana.window.picker.option("Gone")).toBeVisible();
  await expect(ana.window.picker.option("Everyone")).toHaveCount(0);
});

test("who does not exist is not found, in words that say what to do", async ({ person }) => {
  const { window } = await person("Ana");
  await window.page.keyboard.press("Control+k");
  await window.picker.input.fill("xyzzy");
  await expect(window.picker.dialog.getByText(/Nobody matches “xyzzy”/)).toBeVisible();
  await expect(window.picker.options).toHaveCount(0);
  await window.page.keyboard.press("Enter");
  await expect(window.picker.dialog).toBeVisible();
});

test("the Enter of an input method chooses nothing", async ({ pond, person }) => {
  await pond.account("番茄");
  const { window } = await person("Ana");
  await window.page.keyboard.press("Control+k");
  await window.picker.input.fill("番");
  await expect(window.picker.option("番茄")).toBeVisible();
  const wasLeftAlone = await window.picker.input.evaluate((input) => {
    const key = { key: "Enter", keyCode: 229, bubbles: true, cancelable: true };
    return input.dispatchEvent(new KeyboardEvent("keydown", key));
  });
  expect(wasLeftAlone).toBe(true);
  await expect(window.picker.dialog).toBeVisible();
  await expect(window.title).toHaveText("# Everyone");
});

test.describe("without a connection", () => {
  test.use({ expectedErrors: NO_NETWORK });

  test("it finds and opens people who are known", async ({ person }) => {
    const [ana] = [await person("Ana"), await person("Bo")];
    await expect(ana.window.person("Bo")).toBeVisible();
    await ana.window.page.context().setOffline(true);
    await expect(ana.window.talk.getByText("You are offline.")).toBeVisible();
    await ana.window.writeTo("Bo");
    await ana.window.say("written without a network");
    await ana.window.page.context().setOffline(false);
  });
});
