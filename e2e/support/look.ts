// How a screen is judged: axe finds nothing, and nothing hangs out to the side. Its picture is kept.

import AxeBuilder from "@axe-core/playwright";
import { type Page, expect } from "@playwright/test";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Judges what is on the screen now. `name` is the picture's, such as `room-en-dark-1360`. */
export async function judge(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `results/screens/${name}.png`, caret: "hide" });
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect.soft(widths[0], `${name}: width of what is shown`).toBeLessThanOrEqual(widths[1]);
  // Off unless asked for, since it is new in WCAG 2.2.
  const rules = { "target-size": { enabled: true } };
  const { violations } = await new AxeBuilder({ page }).options({ rules }).withTags(TAGS).analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`),
  );
  expect.soft(found, `${name}: what axe found`).toEqual([]);
}
