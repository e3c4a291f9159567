// One window of Pond as a person sees it: every part is found by its role and its name.

import { type Locator, type Page, expect } from "@playwright/test";

import { type Language, WORDS, type Words } from "./words.ts";

export class PondWindow {
  readonly words: Words;
  /** The list of conversations. */
  readonly sidebar: Locator;
  /** The conversation on screen. */
  readonly talk: Locator;
  readonly title: Locator;
  readonly log: Locator;
  /** Every message that is in the DOM. */
  readonly messages: Locator;
  readonly composer: Locator;
  readonly send: Locator;
  readonly people: Locator;
  readonly picker: Picker;

  constructor(
    readonly page: Page,
    readonly language: Language = "en",
  ) {
    const words = WORDS[language];
    this.words = words;
    this.sidebar = page.getByRole("navigation", { name: words.conversations });
    this.talk = page.getByRole("main");
    this.title = this.talk.getByRole("heading", { level: 1 });
    this.log = this.talk.getByRole("log");
    this.messages = this.log.getByRole("article");
    this.composer = this.talk.getByRole("textbox");
    this.send = this.talk.getByRole("button", { name: words.send, exact: true });
    this.people = page.getByRole("complementary", { name: words.people });
    this.picker = new Picker(page);
  }

  /** Messages with this text in them. */
  message(text: string | RegExp): Locator {
    return this.messages.filter({ hasText: text });
  }

  /** A conversation's row in the sidebar. */
  row(name: string): Locator {
    return this.sidebar.getByRole("link").filter({ hasText: name });
  }

  /** The same row, with this many unread messages. */
  unreadRow(name: string, count: number): Locator {
    return this.row(name).filter({ hasText: this.words.unread(count) });
  }

  /** The line above what was not read yet. */
  get divider(): Locator {
    return this.log.getByRole("separator").filter({ hasText: this.words.newMessages });
  }

  /** A person's row among the people. */
  person(name: string): Locator {
    return this.people.getByRole("link").filter({ hasText: name });
  }

  async isReady(): Promise<void> {
    await expect(this.sidebar.getByText(this.words.connected)).toBeVisible();
    await expect(this.composer).toBeVisible();
  }

  /** Writes a text and sends it with Enter. */
  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Writes a text and sees it in the list. */
  async say(text: string): Promise<void> {
    await this.write(text);
    await expect(this.message(text)).toBeVisible();
  }

  /** Opens what one says to `name`, by the picker. */
  async writeTo(name: string): Promise<void> {
    await this.page.keyboard.press("Control+k");
    await this.picker.input.fill(name);
    await expect(this.picker.chosen).toContainText(name);
    await this.page.keyboard.press("Enter");
    await expect(this.title).toHaveText(name);
  }

  /** Opens a conversation that is in the sidebar. */
  async open(name: string): Promise<void> {
    await this.row(name).click();
    await expect(this.title).toContainText(name);
  }

  /** The first match of `pattern` in each message in the DOM, from top to bottom. */
  async said(pattern: RegExp): Promise<string[]> {
    const texts = await this.messages.allInnerTexts();
    return texts.map((text) => pattern.exec(text)?.[0]).filter((text) => text !== undefined);
  }
}

/** The palette that finds people and rooms. */
export class Picker {
  readonly dialog: Locator;
  readonly input: Locator;
  readonly options: Locator;
  /** The option that Enter opens. */
  readonly chosen: Locator;

  constructor(page: Page) {
    this.input = page.getByRole("combobox");
    this.dialog = page.getByRole("dialog").filter({ has: this.input });
    this.options = this.dialog.getByRole("option");
    this.chosen = this.dialog.getByRole("option", { selected: true });
  }

  option(name: string): Locator {
    return this.options.filter({ hasText: name });
  }
}
