// A server in a home or an office without a certificate: browsers give such a page no service worker,
// no locks and no clipboard, and it works all the same, without an error.

import { EVERYONE, PASSWORD, PondWindow, expect, test } from "../fixtures.ts";
import { Guard } from "../support/guard.ts";

test.use({
  launchOptions: async ({ launchOptions }, use) => {
    const args = [...(launchOptions.args ?? []), "--host-resolver-rules=MAP chat.lan 127.0.0.1"];
    await use({ ...launchOptions, args });
  },
});

test("over plain http all of it works, in two tabs, without an error", async ({ browser, pond }) => {
  const home = pond.url.replace("127.0.0.1", "chat.lan");
  const context = await browser.newContext({ baseURL: home, locale: "en-GB" });
  const guard = await Guard.over(context, home, /(?!)/);
  const window = new PondWindow(await context.newPage());
  const bo = await pond.account("Bo");
  await window.page.goto("/");
  expect(await window.page.evaluate(() => [isSecureContext, "locks" in navigator])).toEqual([
    false,
    false,
  ]);
  await window.page.getByRole("button", { name: "Create an account" }).click();
  await window.page.getByLabel("Name").fill("Ana");
  await window.page.getByLabel("Password").fill(PASSWORD);
  await window.page.keyboard.press("Enter");
  await window.isReady();
  await window.say("over plain http");
  await bo.send(EVERYONE, "heard");
  await expect(window.message("heard")).toBeVisible();

  const other = new PondWindow(await context.newPage());
  await other.page.goto("/");
  await other.isReady();
  await other.say("from the other tab");
  await expect(window.message("from the other tab")).toHaveCount(1);
  await window.page.close();
  await other.say("and on");
  await other.page.reload();
  await expect(other.message("and on")).toHaveCount(1);
  const log = async () => (await bo.log(EVERYONE)).map(({ content }) => content);
  await expect.poll(log).toEqual(["over plain http", "heard", "from the other tab", "and on"]);
  guard.check();

  // What waits is kept here too.
  await pond.kill();
  await other.say("kept without a lock");
  await other.page.close();
  await pond.start();
  const again = new PondWindow(await context.newPage());
  await again.page.goto("/");
  await again.isReady();
  await expect.poll(async () => (await log()).at(-1)).toBe("kept without a lock");
  await expect(again.message("kept without a lock")).toHaveCount(1);
  await context.close();
});
