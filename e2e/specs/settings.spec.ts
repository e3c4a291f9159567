// Language and theme: they change at once, and are remembered by the browser.

import { PHONE, expect, test } from "../fixtures.ts";

test("another language is shown at once and after a reload", async ({ person }) => {
  const [{ window }, bo] = [await person("Ana"), await person("Bo")];
  const { page } = window;
  await bo.window.say("from Bo");
  const times = window.message("from Bo").locator("time");
  await expect(times).toHaveAttribute("title", / at \d\d:\d\d/);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("radio", { name: "中文" }).check();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await expect(page.getByRole("navigation", { name: "会话" })).toBeVisible();
  await expect(window.title).toHaveText("# 大家");
  await expect(times).toHaveAttribute("title", /年.*月.*日/);
  await expect(page).toHaveTitle("大家 · Pond");
  await page.reload();
  await expect(window.title).toHaveText("# 大家");
});

test("the theme follows the system until one is chosen, and stays chosen", async ({ person }) => {
  const { window } = await person("Ana");
  const { page } = window;
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(ground).not.toBe(light);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("radio", { name: "Light" }).check();
  await expect.poll(ground).toBe(light);
  await page.reload();
  await window.isReady();
  expect(await ground()).toBe(light);
});

test("the people can be folded away where they have a column of their own", async ({ person }) => {
  const { window } = await person("Ana");
  const members = window.talk.getByRole("button", { name: "Members" });
  await expect(window.people).toBeVisible();
  await members.click();
  await expect(window.people).toBeHidden();
  await expect(members).toHaveAttribute("aria-expanded", "false");
  await members.click();
  await expect(window.people).toBeVisible();
});

test("a window that becomes narrow keeps its conversation, its draft and its place", async ({
  person,
}) => {
  const [ana] = [await person("Ana"), await person("Bo")];
  await ana.window.writeTo("Bo");
  await ana.window.say("wide");
  await ana.window.composer.fill("half a sen");
  await ana.window.page.setViewportSize(PHONE);
  await expect(ana.window.sidebar).toBeHidden();
  await expect(ana.window.title).toHaveText("Bo");
  await expect(ana.window.message("wide")).toBeInViewport();
  await expect(ana.window.composer).toHaveValue("half a sen");
});
