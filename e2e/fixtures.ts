// What a test is given: a server of its own, and windows of as many people as it wants.
//
// Each test has its own server and data folder, so tests share nothing and run in any order. Every
// window is guarded (support/guard.ts). Read next: support/window.ts, the page as people see it.

import {
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
  expect,
  test as base,
} from "@playwright/test";

import type { Account } from "./support/account.ts";
import { Guard, NO_ERRORS } from "./support/guard.ts";
import { PondServer } from "./support/server.ts";
import { PondWindow } from "./support/window.ts";
import { Witness } from "./support/witness.ts";
import type { Language } from "./support/words.ts";

export { expect };
export { type Account, EVERYONE, PASSWORD, type Stored } from "./support/account.ts";
export { NO_NETWORK, NO_NETWORK_OR_REFUSED, REFUSED } from "./support/guard.ts";
export { type Frame, type Hold, framesOf, holdFrames, refuse } from "./support/wire.ts";
export type { PondServer } from "./support/server.ts";
export { PondWindow } from "./support/window.ts";
export { type Language, WORDS } from "./support/words.ts";

export const PHONE = { width: 390, height: 844 };
export const TOUCH: BrowserContextOptions = { viewport: PHONE, isMobile: true, hasTouch: true };
export const DESKTOP = { width: 1360, height: 860 };

export interface Person {
  account: Account;
  window: PondWindow;
}

interface Options {
  /** A further flag of `pond serve`. */
  flag: string;
  /** Console errors that belong to what the test does. */
  expectedErrors: RegExp;
  language: Language;
}

interface How {
  path?: string;
  context?: BrowserContextOptions;
  /** What must stand before the page is loaded, such as a listener on its socket. */
  before?: (page: Page) => unknown;
}

interface Given {
  pond: PondServer;
  /** Writes down what the tabs it watches were told and showed. */
  witness: Witness;
  /** A browser window in which nobody is signed in, at no address yet. */
  visitor: (options?: BrowserContextOptions) => Promise<PondWindow>;
  /** A window of this account, signed in and connected. */
  windowOf: (account: Account, how?: How) => Promise<PondWindow>;
  /** Somebody new, in the room with a window on a desk. */
  person: (name: string, how?: How) => Promise<Person>;
  /** The same, under the eyes of the witness: `pattern` finds the whole text of a message. */
  watched: (name: string, pattern: RegExp) => Promise<Person>;
}

export const test = base.extend<Options & Given>({
  flag: ["", { option: true }],
  expectedErrors: [NO_ERRORS, { option: true }],
  language: ["en", { option: true }],

  pond: async ({ flag }, use) => {
    const pond = await PondServer.start(flag ? [flag] : []);
    await use(pond);
    await pond.dispose();
  },

  witness: async ({}, use, info) => {
    const witness = new Witness(info.outputPath("history.jsonl"));
    await use(witness);
    if (info.status !== info.expectedStatus) await witness.noteWhatIsCertain();
  },

  visitor: async ({ browser, pond, expectedErrors, language }, use) => {
    const opened: { context: BrowserContext; guard: Guard }[] = [];
    await use(async (options = {}) => {
      const locale = language === "en" ? "en-GB" : "zh-CN";
      const context = await browser.newContext({ baseURL: pond.url, locale, ...options });
      const guard = await Guard.over(context, pond.url, expectedErrors);
      opened.push({ context, guard });
      return new PondWindow(await context.newPage(), language);
    });
    for (const { context } of opened) await context.close();
    for (const { guard } of opened) guard.check();
  },

  windowOf: async ({ pond, visitor }, use) => {
    await use(async (account, { path = "/", context, before } = {}) => {
      const window = await visitor(context);
      const cookie = { name: "pond-session", value: account.token, url: pond.url };
      await window.page.context().addCookies([cookie]);
      await before?.(window.page);
      await window.page.goto(path);
      return window;
    });
  },

  person: async ({ pond, windowOf }, use) => {
    await use(async (name, how) => {
      const account = await pond.account(name);
      const window = await windowOf(account, how);
      await window.isReady();
      return { account, window };
    });
  },

  watched: async ({ pond, windowOf, witness }, use) => {
    await use(async (name, pattern) => {
      const account = await pond.account(name);
      const window = await windowOf(account, {
        before: (page) => witness.watch(page, account, pattern),
      });
      await window.isReady();
      return { account, window };
    });
  },
});

/** So many texts that differ, as long as one another. */
export function numbered(word: string, count: number): string[] {
  const digits = Math.max(2, String(count).length);
  return Array.from({ length: count }, (_, at) => `${word} ${String(at + 1).padStart(digits, "0")}`);
}

/** Waits until this person has read everything. */
export async function hasReadAll(account: Account): Promise<void> {
  const unread = async () => (await account.conversations()).map((one) => one.unread);
  await expect.poll(async () => (await unread()).every((count) => count === 0)).toBe(true);
}
