import { test } from "../fixtures.ts";
test("probe", async ({pond, visitor}) => {
  await pond.account("Ana"); await pond.account("Bo");
  const w = await visitor(); const k = w.page.keyboard;
  w.page.on("console", m => console.log("C", m.text()));
  await w.page.addInitScript(() => { for (const t of ["keydown","keypress","beforeinput","keyup","input","focusin","focusout","close","cancel","submit"]) document.addEventListener(t, e => { const el = e.target as HTMLElement; console.log(t, (e as any).key ?? "", el.tagName, el.getAttribute?.("aria-label"), "prevented", e.defaultPrevented, "conn", el.isConnected, (el as any).value ?? "", "active:", document.activeElement?.tagName, document.activeElement?.getAttribute("aria-label")); }, true); });
  await w.page.goto("/");
  await w.page.getByLabel("Name").fill("Ana"); await w.page.getByLabel("Password").fill("a long enough password"); await k.press("Enter");
  await w.isReady(); await w.page.waitForTimeout(1000);
  console.log("=== k");
  await k.press("Control+k"); await k.type("bo"); await w.page.waitForTimeout(500); await k.press("Enter"); await w.page.waitForTimeout(500);
  console.log("=== type");
  await k.type("ab"); await w.page.waitForTimeout(500); await k.press("Enter"); await w.page.waitForTimeout(500);
  console.log(await w.composer.evaluate((t: any) => [t.disabled, t.readOnly, t.matches(":focus"), getComputedStyle(t).pointerEvents, getComputedStyle(t).userSelect, t.selectionStart, t.closest("[inert]")?.className])); await w.page.evaluate(() => (document.activeElement as any).blur()); await w.composer.focus(); await k.type("cd"); console.log(await w.composer.inputValue());
  console.log(await w.page.evaluate(() => [...document.querySelectorAll("textarea")].map(t=>t.outerHTML.slice(0,80)+t.value)));
});
