// Coming in and going out.

import {
  type Language,
  NO_NETWORK_OR_REFUSED,
  PASSWORD,
  REFUSED,
  WORDS,
  expect,
  test,
} from "../fixtures.ts";

for (const language of ["en", "zh-CN"] satisfies Language[]) {
  const words = WORDS[language];

  test.describe(`in ${language}`, () => {
    test.use({ language, expectedErrors: REFUSED });

    test("an account is made with a name and a password, and leads into the room", async ({
      visitor,
    }) => {
      const window = await visitor();
      await window.page.goto("/");
      await expect(window.page.getByRole("heading", { name: words.comeIn })).toBeVisible();
      await window.page.getByRole("button", { name: words.createAccount }).click();
      await window.page.getByLabel(words.name).fill("芋艿");
      await window.page.getByLabel(words.password).fill(PASSWORD);
      await window.page.getByRole("button", { name: words.createAccount }).click();
      await window.isReady();
      await expect(window.title).toHaveText(`# ${words.everyone}`);
      await expect(window.composer).toBeFocused();
      await expect(window.page.locator("html")).toHaveAttribute("lang", language);
      await window.say("the first word");
    });

    test("a wrong password is told beside its field, and the right one leads in", async ({
      visitor,
      pond,
    }) => {
      await pond.account("Ana");
      const window = await visitor();
      await window.page.goto("/");
      const password = window.page.getByLabel(words.password);
      await window.page.getByLabel(words.name).fill("Ana");
      await password.fill("not the password");
      await window.page.getByRole("button", { name: words.enter }).click();
      await expect(window.page.getByRole("alert").getByText(words.wrongPassword)).toBeVisible();
      await expect(password).toBeFocused();
      await expect(password).toHaveAccessibleDescription(words.wrongPassword);
      await expect(password).toHaveAttribute("aria-invalid", "true");
      await password.fill(PASSWORD);
      await password.press("Enter");
      await window.isReady();
    });

    test("a name that is taken is told beside its field", async ({ visitor, pond }) => {
      await pond.account("Ana");
      const window = await visitor();
      await window.page.goto("/");
      await window.page.getByRole("button", { name: words.createAccount }).click();
      const name = window.page.getByLabel(words.name);
      await name.fill("ana");
      await window.page.getByLabel(words.password).fill(PASSWORD);
      await window.page.getByRole("button", { name: words.createAccount }).click();
      await expect(name).toHaveAccessibleDescription(words.nameTaken);
      await expect(name).toBeFocused();
    });

    test("signing out leads to the door and the session is gone", async ({ person }) => {
      const { window } = await person("Ana");
      await window.page.getByRole("button", { name: words.settings }).click();
      const left = window.page.waitForEvent("load");
      await window.page.getByRole("button", { name: words.signOut }).click();
      await left;
      await expect(window.page.getByRole("heading", { name: words.comeIn })).toBeVisible();
      await window.page.goto("/r/1");
      await expect(window.page.getByRole("heading", { name: words.comeIn })).toBeVisible();
    });
  });
}

test.describe("of a demo", () => {
  test.use({ flag: "--demo" });

  test("asks for a name alone", async ({ visitor }) => {
    const window = await visitor();
    await window.page.goto("/");
    await expect(window.page.getByRole("textbox")).toHaveCount(1);
    await expect(window.page.locator("input[type=password]")).toHaveCount(0);
    await window.page.getByLabel("Name").fill("番茄");
    await window.page.keyboard.press("Enter");
    await window.isReady();
    await window.say("no password needed");
  });
});

test("an empty name or a short password asks nothing of the server", async ({ visitor }) => {
  const window = await visitor();
  const asked: string[] = [];
  window.page.on("request", (request) => {
    if (request.method() === "POST") asked.push(request.url());
  });
  await window.page.goto("/");
  await window.page.getByRole("button", { name: "Enter the room" }).click();
  await expect(window.page.getByLabel("Name")).toHaveAccessibleDescription(/Enter a name/);
  await window.page.getByRole("button", { name: "Create an account" }).click();
  await window.page.getByLabel("Name").fill("Ana");
  await window.page.getByLabel("Password").fill("short");
  await window.page.keyboard.press("Enter");
  await expect(window.page.getByLabel("Password")).toHaveAccessibleDescription(/at least 8/);
  expect(asked).toEqual([]);
});

test.describe("a session that ends under way", () => {
  test.use({ expectedErrors: NO_NETWORK_OR_REFUSED });

  test("shows the door, and what was being written is still there afterwards", async ({
    person,
  }) => {
    const { account, window } = await person("Ana");
    await window.composer.fill("half a sen");
    await account.signOut();
    await expect(window.page.getByText(/You were signed out/)).toBeVisible();
    await window.page.getByLabel("Name").fill("Ana");
    await window.page.getByLabel("Password").fill(PASSWORD);
    await window.page.keyboard.press("Enter");
    await window.isReady();
    await expect(window.composer).toHaveValue("half a sen");
  });
});
