// Takes the README's pictures from the running app: `npm run pictures` writes docs/pictures.

import { fileURLToPath } from "node:url";

import {
  type Account,
  EVERYONE,
  NO_NETWORK,
  PHONE,
  type PondWindow,
  TOUCH,
  expect,
  test,
} from "../fixtures.ts";
import { scene } from "../support/scene.ts";

const FOLDER = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
const DESK = { width: 1280, height: 760 };

// One of them is taken without a network.
test.use({ expectedErrors: NO_NETWORK });

/** Once the room is read: its dot is for what was missed. */
async function isRead({ sidebar, words }: PondWindow, me: Account) {
  const room = async () => (await me.conversations()).find(({ id }) => id === EVERYONE);
  await expect.poll(async () => (await room())?.unread).toBe(0);
  await expect(sidebar.getByRole("link", { name: words.everyone, exact: true })).toBeVisible();
}

async function take({ page }: PondWindow, name: string) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${FOLDER}${name}.png`, caret: "hide" });
}

test("on a desk, in English and light", async ({ pond, windowOf, person }) => {
  const { me, tomato, radish } = await scene(pond);
  const others = [
    await windowOf(tomato),
    await windowOf(radish),
    (await person("Mushroom")).window,
  ];
  const window = await windowOf(me, {
    context: { viewport: DESK, colorScheme: "light", deviceScaleFactor: 2 },
  });
  await expect(window.people.getByRole("heading", { name: "Online · 4" })).toBeVisible();
  await expect(window.message("🚆")).toBeVisible();
  await isRead(window, me);
  await others[0].composer.pressSequentially("好");
  await expect(window.talk.getByText(/is typing/)).toBeVisible();
  await take(window, "desktop-light");
});

test.describe("in Chinese", () => {
  test.use({ language: "zh-CN" });

  test("on a desk, dark, with the picker open", async ({ pond, windowOf }) => {
    const { me, tomato, radish } = await scene(pond);
    await windowOf(tomato);
    await windowOf(radish);
    const window = await windowOf(me, {
      context: { viewport: DESK, colorScheme: "dark", deviceScaleFactor: 2 },
    });
    await expect(window.people.getByRole("heading", { name: "在线 · 3" })).toBeVisible();
    await expect(window.message("🚆")).toBeVisible();
    await isRead(window, me);
    await take(window, "desktop-dark-zh");
    await window.page.keyboard.press("Control+k");
    await window.picker.input.fill("番");
    await expect(window.picker.chosen).toContainText("番茄");
    await take(window, "picker-dark-zh");
  });
});

test("on a phone, on a train", async ({ pond, windowOf }) => {
  const { me, tomato } = await scene(pond);
  await windowOf(tomato);
  const window = await windowOf(me, {
    path: "/r/1",
    context: { ...TOUCH, viewport: PHONE, deviceScaleFactor: 2 },
  });
  await expect(window.message("🚆")).toBeVisible();
  await take(window, "phone");
  await window.page.context().setOffline(true);
  await window.composer.fill("Tunnel number four, still writing.");
  await window.send.click();
  await expect(window.message("Tunnel number four")).toContainText("Waiting");
  await take(window, "phone-offline");
});
