// What Lighthouse says of the door and of the room, as on a phone. It is fetched by npx when it is
// asked for (200 packages), since nothing else needs it.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "@playwright/test";

import { EVERYONE, expect, test } from "../fixtures.ts";
import { report } from "../support/figures.ts";

const LIGHTHOUSE = "lighthouse@12.8.2";
const CATEGORIES = ["performance", "accessibility", "best-practices"];

test("Lighthouse, mobile", async ({ pond, launchOptions }) => {
  test.setTimeout(400_000);
  const [ana, bo] = [await pond.account("Ana"), await pond.account("Bo")];
  await bo.send(EVERYONE, ...Array.from({ length: 50 }, (_, at) => `a message to read, number ${at + 1}`));
  const folder = await mkdtemp(path.join(tmpdir(), "pond-lighthouse-"));
  const port = await freePort();
  const args = [...(launchOptions.args ?? []), `--remote-debugging-port=${port}`];
  const context = await chromium.launchPersistentContext(folder, { ...launchOptions, args });
  const score = async () => {
    const file = path.join(folder, "report.json");
    await run("npx", [
      "--yes",
      LIGHTHOUSE,
      pond.url,
      `--port=${port}`,
      "--disable-storage-reset",
      "--quiet",
      "--output=json",
      `--output-path=${file}`,
      `--only-categories=${CATEGORIES.join()}`,
    ]);
    const { categories, audits } = JSON.parse(await readFile(file, "utf8"));
    const lost = Object.values<any>(audits).filter(({ score, scoreDisplayMode }) => scoreDisplayMode === "binary" && score === 0);
    console.log(`not passed: ${lost.map(({ id }) => id).join(", ") || "nothing"}`);
    return CATEGORIES.map((name) => Math.round(categories[name].score * 100)).join(" / ");
  };
  report("Lighthouse 12, mobile, the door: performance / accessibility / best practices", "95 / 100 / 100", await score());
  await context.addCookies([{ name: "pond-session", value: ana.token, url: pond.url }]);
  // What Lighthouse opens is in this profile as well.
  const page = await context.newPage();
  await page.goto(pond.url);
  await expect(page.getByRole("main").getByRole("textbox")).toBeVisible();
  await page.close();
  report("– the room", "90 / 100 / 100", await score());
  await context.close();
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}

function run(program: string, args: string[]): Promise<void> {
  return new Promise((done, failed) =>
    execFile(program, args, (error, _, complaint) => (error ? failed(new Error(complaint || `${error}`)) : done())),
  );
}
