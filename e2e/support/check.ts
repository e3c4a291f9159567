// Before all tests: there is a server, and it has the app in it. After them: no promise was broken in
// any try. A test that passes the next time is flaky, a message that was lost is lost.

import { readdir, rm } from "node:fs/promises";

import { PondServer } from "./server.ts";
import { BROKEN } from "./witness.ts";

export default async function check(): Promise<() => Promise<void>> {
  await rm(BROKEN, { recursive: true, force: true });
  const pond = await PondServer.start();
  try {
    const page = await (await fetch(pond.url)).text();
    if (!page.includes('id="boot"')) {
      throw new Error("The server has no web app in it: run cargo xtask test --only e2e");
    }
  } finally {
    await pond.dispose();
  }
  return nothingIsBroken;
}

async function nothingIsBroken(): Promise<void> {
  const broken = await readdir(BROKEN).catch(() => []);
  if (broken.length > 0) {
    throw new Error(`A promise was broken, whatever a later try said; see ${BROKEN}: ${broken.join(", ")}`);
  }
}
