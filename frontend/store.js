// The browser's memory: texts under keys that outlive the page, in one database for each person.
//
// Also says which of a person's tabs sends (`pond-lead`), that another tab changed what is kept
// (`pond-kept`) and that it signed out (`pond-out`): events of the window. Never looks into a text:
// `frontend/src/memory.rs` does. Whatever a browser lacks or refuses rejects, and the app goes on
// without it.
(() => {
  const TABLE = "kept";
  // Some browsers neither open nor refuse, and a person waits for the page.
  const PATIENCE_MS = 3000;
  let database, channel;

  const result = (request) =>
    new Promise((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  const say = (what) => dispatchEvent(new Event(what));

  globalThis.pondStore = {
    /** Opens a person's database. Gives all keys and texts, in turn. */
    async open(user) {
      const request = indexedDB.open(`pond.${user}`, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
      const late = new Promise((_, failed) => setTimeout(failed, PATIENCE_MS));
      database = await Promise.race([result(request), late]);
      // Another tab signs out.
      database.onversionchange = () => database.close();
      return this.read("");
    },

    /** The keys with this beginning, each followed by its text. */
    async read(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const table = database.transaction(TABLE).objectStore(TABLE);
      const [keys, texts] = await Promise.all([
        result(table.getAllKeys(range)),
        result(table.getAll(range)),
      ]);
      return keys.flatMap((key, at) => [key, texts[at]]);
    },

    /** Keeps all of it or nothing: keys and texts in turn, no text removes. Done when it is kept. */
    write(changes) {
      return new Promise((done, failed) => {
        const transaction = database.transaction(TABLE, "readwrite");
        transaction.oncomplete = () => done();
        transaction.onabort = () => failed(transaction.error);
        const table = transaction.objectStore(TABLE);
        for (let at = 0; at < changes.length; at += 2) {
          const [key, text] = changes.slice(at, at + 2);
          if (text === null) table.delete(key);
          else table.put(text, key);
        }
        // It is on its way before the page can go.
        transaction.commit?.();
      });
    },

    /** Hears the other tabs of this person and waits for its turn to send. */
    join(user) {
      channel = new BroadcastChannel(`pond.${user}`);
      channel.onmessage = ({ data }) => say(data);
      const lead = () => {
        say("pond-lead");
        // The lock is held until the tab is gone, however it goes.
        return new Promise(() => {});
      };
      // Plain http has no locks: each tab sends, and the server keeps one of each message.
      if (navigator.locks) navigator.locks.request(`pond.sender.${user}`, lead).catch(lead);
      else lead();
    },

    /** Tells the other tabs. */
    tell(what) {
      channel?.postMessage(what);
    },

    /** Leaves nothing of this person here. */
    async forget(user) {
      this.tell("pond-out");
      database?.close();
      for (const key of Object.keys(localStorage))
        if (key === "pond.me" || key.startsWith(`pond.draft.${user}.`)) localStorage.removeItem(key);
      const request = indexedDB.deleteDatabase(`pond.${user}`);
      // A tab that does not let go now lets go when it wakes up; nobody waits for that.
      await Promise.race([result(request), new Promise((done) => (request.onblocked = done))]);
    },
  };
})();
