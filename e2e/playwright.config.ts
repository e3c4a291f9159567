// How the browser tests run. `cargo xtask test` sets POND_BIN, POND_JUDGE and CHROMIUM; by hand the
// defaults find debug builds and Debian's browser. Read next: fixtures.ts.

import { defineConfig } from "@playwright/test";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--font-render-hinting=none",
  "--disable-lcd-text",
];

export default defineConfig({
  globalSetup: "./support/check.ts",
  outputDir: "results/traces",
  fullyParallel: true,
  workers: 2,
  // Two more tries where a machine is shared; what needed them is listed as flaky, and a promise that
  // was broken in any of them fails the run.
  retries: process.env.CI ? 2 : 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: FLAGS,
    },
    headless: true,
    // Nothing moves, so nothing has to be waited for.
    contextOptions: { reducedMotion: "reduce" },
    locale: "en-GB",
    timezoneId: "Asia/Shanghai",
    viewport: { width: 1360, height: 860 },
    actionTimeout: 10_000,
    screenshot: "only-on-failure",
    // A trace takes a picture of the page with every step, which is more work than what is measured.
    trace: process.env.POND_ALSO === "figures" ? "off" : { mode: "retain-on-failure", screenshots: false },
  },
  // `npm run pictures` and `npm run figures` look at the app instead of testing it.
  projects: process.env.POND_ALSO
    ? [{ name: process.env.POND_ALSO, testDir: process.env.POND_ALSO }]
    : [{ name: "tests", testDir: "specs" }],
});
