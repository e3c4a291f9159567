// Every screen in both languages, both themes and two widths: axe finds nothing wrong with it,
// nothing hangs out to the side, and its picture lies in results/screens for people to look at.

import {
  DESKTOP,
  type Language,
  NO_NETWORK_OR_REFUSED,
  PHONE,
  type PondWindow,
  TOUCH,
  WORDS,
  expect,
  test,
} from "../fixtures.ts";
import { judge } from "../support/look.ts";
import { scene } from "../support/scene.ts";

test.use({ expectedErrors: NO_NETWORK_OR_REFUSED });

for (const language of ["en", "zh-CN"] satisfies Language[]) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const viewport of [DESKTOP, PHONE]) {
      const isPhone = viewport === PHONE;
      const look = `${language}-${colorScheme}-${viewport.width}`;
      const context = { colorScheme, ...(isPhone ? TOUCH : { viewport }) };
      const words = WORDS[language];

      test.describe(look, () => {
        test.use({ language });

        test(`${look}: the door is accessible and fits`, async ({ visitor }) => {
          const { page } = await visitor(context);
          await page.goto("/");
          await expect(page.getByLabel(words.name)).toBeVisible();
          await judge(page, `sign-in-${look}`);
          await page.getByRole("button", { name: words.createAccount }).click();
          await page.getByLabel(words.name).fill("a@b");
          await page.getByRole("button", { name: words.createAccount }).click();
          await expect(page.getByLabel(words.name)).toHaveAttribute("aria-invalid", "true");
          await judge(page, `sign-up-refused-${look}`);
        });

        test(`${look}: the screens of the chat are accessible and fit`, async ({
          pond,
          windowOf,
          person,
        }) => {
          const { me } = await scene(pond);
          await person("Mushroom");
          const window = await windowOf(me, { context });
          const { page } = window;
          if (isPhone) {
            await expect(window.unreadRow("番茄", 2)).toBeVisible();
            await judge(page, `list-${look}`);
            await window.row(words.everyone).click();
          }
          await expect(window.message("example.org")).toBeVisible();
          await judge(page, `room-${look}`);

          await window.message("example.org").focus();
          await page.keyboard.press("ArrowUp");
          await judge(page, `row-focused-${look}`);

          if (isPhone) await drawer(window, look);
          await menu(window, isPhone, look);
          await picker(window, look);
          await direct(window, look);
          await offline(window, look);
        });
      });
    }
  }
}

async function drawer({ page, talk, people, words }: PondWindow, look: string) {
  await talk.getByRole("button", { name: words.members }).click();
  await expect(people).toBeVisible();
  await judge(page, `members-${look}`);
  await page.goBack();
  await expect(people).toBeHidden();
}

async function menu({ page, words }: PondWindow, isPhone: boolean, look: string) {
  if (isPhone) await page.goBack();
  await page.getByRole("button", { name: words.settings }).click();
  await expect(page.getByRole("button", { name: words.signOut })).toBeVisible();
  await judge(page, `settings-${look}`);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: words.signOut })).toBeHidden();
}

async function picker({ page, picker }: PondWindow, look: string) {
  await page.keyboard.press("Control+k");
  await expect(picker.options.first()).toBeVisible();
  await judge(page, `picker-${look}`);
  await picker.input.fill("xyzzy");
  await expect(picker.options).toHaveCount(0);
  await judge(page, `picker-nobody-${look}`);
  await picker.input.fill("radi");
  await expect(picker.chosen).toContainText("Radish");
  await page.keyboard.press("Enter");
}

async function direct(window: PondWindow, look: string) {
  await expect(window.title).toHaveText("Radish");
  await expect(window.message("platform 4")).toBeVisible();
  await judge(window.page, `direct-${look}`);
}

async function offline(window: PondWindow, look: string) {
  const { page, talk, words } = window;
  await page.context().setOffline(true);
  await expect(talk.getByText(words.noNetwork)).toBeVisible();
  await window.composer.fill("在火车上 / on the train");
  await window.send.click();
  await expect(window.message("在火车上")).toContainText(words.waiting);
  await judge(page, `offline-${look}`);
  await page.context().setOffline(false);
  await expect(talk.getByText(words.noNetwork)).toHaveCount(0);
}
