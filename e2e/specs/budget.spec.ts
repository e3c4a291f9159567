// What a first visit costs, in bytes, and how little a second one does. Files are compressed here
// as the release compresses them, so that the build of the server under test does not matter.
// What was done to stay within these limits stands in docs/performance.md.

import { brotliCompressSync, constants } from "node:zlib";

import { expect, test } from "../fixtures.ts";

const KIB = 1024;

interface File {
  path: string;
  raw: number;
  small: number;
}

function small(body: Buffer): number {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
  };
  return Math.min(brotliCompressSync(body, { params }).length, body.length);
}

test("a first visit is light", async ({ person }) => {
  const files: Promise<File>[] = [];
  await person("Ana", {
    before: (page) => {
      page.on("response", (answer) => {
        const path = new URL(answer.url()).pathname;
        if (path.startsWith("/api")) return;
        const file = answer.body().then((body) => ({ path, raw: body.length, small: small(body) }));
        files.push(file);
      });
    },
  });
  const all = await Promise.all(files);
  const sum = (end: RegExp) =>
    all.filter(({ path }) => end.test(path)).reduce((sum, file) => sum + file.small, 0);
  const wasm = all.find(({ path }) => path.endsWith(".wasm"));
  test.info().annotations.push({
    type: "bytes, brotli",
    description: `${sum(/./)} in all, wasm ${wasm?.small} of ${wasm?.raw}, css ${sum(/\.css$/)}`,
  });
  expect.soft(wasm?.raw, "wasm as it is").toBeLessThanOrEqual(700 * KIB);
  expect.soft(wasm?.small, "wasm compressed").toBeLessThanOrEqual(190 * KIB);
  expect.soft(sum(/\.css$/), "css compressed").toBeLessThanOrEqual(12 * KIB);
  expect.soft(sum(/./), "everything compressed").toBeLessThanOrEqual(220 * KIB);
});

test("a second visit loads nothing but the page itself", async ({ person }) => {
  const { window } = await person("Ana");
  await window.page.goto("about:blank");
  const loaded: string[] = [];
  window.page.on("requestfinished", async (request) => {
    const { pathname } = new URL(request.url());
    const answer = await request.response();
    if (!pathname.startsWith("/api") && !answer?.fromServiceWorker()) {
      const { responseBodySize } = await request.sizes();
      if (responseBodySize > 0) loaded.push(pathname);
    }
  });
  await window.page.goto("/");
  await window.isReady();
  expect(loaded.filter((path) => path !== "/")).toEqual([]);
});
