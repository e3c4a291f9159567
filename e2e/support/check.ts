// Before all tests: there is a server, and it has the app in it.

import { PondServer } from "./server.ts";

export default async function check(): Promise<void> {
  const pond = await PondServer.start();
  try {
    const page = await (await fetch(pond.url)).text();
    if (!page.includes('id="boot"')) {
      throw new Error("The server has no web app in it: run cargo xtask test --only e2e");
    }
  } finally {
    await pond.dispose();
  }
}
