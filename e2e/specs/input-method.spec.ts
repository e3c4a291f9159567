// Chinese is typed through an input method, whose Enter is not ours.

import { EVERYONE, expect, test } from "../fixtures.ts";

test("Enter while a candidate is chosen sends nothing, and the next one sends", async ({
  person,
}) => {
  const { account, window } = await person("芋艿");
  const method = await window.page.context().newCDPSession(window.page);
  await window.composer.focus();
  await method.send("Input.imeSetComposition", {
    text: "ni hao",
    selectionStart: 6,
    selectionEnd: 6,
  });
  await expect(window.composer).toHaveValue("ni hao");
  await window.page.keyboard.press("Enter");
  await window.composer.fill("");
  await method.send("Input.imeSetComposition", { text: "ni", selectionStart: 2, selectionEnd: 2 });
  await method.send("Input.insertText", { text: "你好" });
  await expect(window.composer).toHaveValue("你好");
  await window.page.keyboard.press("Enter");
  await expect(window.message("你好")).toBeVisible();
  await expect
    .poll(async () => (await account.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(["你好"]);
});

test("an Enter that only its key code gives away as the input method's sends nothing", async ({
  person,
}) => {
  const { account, window } = await person("芋艿");
  await window.composer.fill("你好");
  // WebKit has ended the composition by then and leaves 229 alone as a trace.
  const wasLeftAlone = await window.composer.evaluate((box) => {
    const key = { key: "Enter", keyCode: 229, bubbles: true, cancelable: true };
    return box.dispatchEvent(new KeyboardEvent("keydown", key));
  });
  expect(wasLeftAlone).toBe(true);
  await expect(window.composer).toHaveValue("你好");
  await window.composer.press("Enter");
  await expect(window.message("你好")).toHaveCount(1);
  await expect
    .poll(async () => (await account.log(EVERYONE)).map((stored) => stored.content))
    .toEqual(["你好"]);
});
