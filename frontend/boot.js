// Before the first paint: the language and the theme that were chosen, or the browser's. `preferences.rs` writes them.
(function () {
  const root = document.documentElement;
  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  root.dataset.theme = read("pond.theme") || "system";
  const wanted = read("pond.language") || (navigator.languages || [navigator.language]).find((tag) => /^(zh|en)\b/i.test(tag)) || "en";
  root.lang = /^zh/i.test(wanted) ? "zh-CN" : "en";

  // The server's build names itself; a page without a name is a developer's, which changes all the time.
  const keep = () => navigator.serviceWorker?.register("/sw.js").catch(() => {});
  if (document.querySelector("meta[name=pond-build]")) addEventListener("load", keep);

  // If the app's files do not come, say so instead of waiting for ever.
  const fail = () => { const text = document.getElementById("boot-failed"); if (text) text.hidden = false; };
  addEventListener("error", fail, true);
  addEventListener("unhandledrejection", fail);
})();
