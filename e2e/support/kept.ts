// What the browser keeps of a conversation, read past the app.

import type { Page } from "@playwright/test";

/** The texts under the keys with this beginning. */
export async function keptUnder(page: Page, prefix: string): Promise<string[]> {
  return page.evaluate(async (prefix) => {
    const [{ name }] = await indexedDB.databases();
    const database = await new Promise<IDBDatabase>((done, failed) => {
      const request = indexedDB.open(name ?? "");
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
    const table = database.transaction("kept").objectStore("kept");
    const request = table.getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`));
    await new Promise((done) => (request.onsuccess = done));
    database.close();
    return request.result;
  }, prefix);
}
