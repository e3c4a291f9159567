import { EVERYONE, test, holdFrames } from "../fixtures.ts";
import { restingPlace } from "../support/motion.ts";
test("probe", async ({pond, windowOf}) => {
  const ana = await pond.account("Ana");
  await ana.send(EVERYONE, ...Array.from({length:300},(_, i)=>`line ${i+1} ${"of some length ".repeat((i*7)%23)}`));
  let hold: any;
  const w = await windowOf(ana, { before: async (page) => { hold = await holdFrames(page, "PULL_RESPONSE"); }});
  await w.message("line 300").waitFor();
  await w.log.hover();
  for (let i=0;i<2;i++) {
  hold.isOn = true;
  while ((await restingPlace(w.log)) > 0) await w.page.mouse.wheel(0, -4000);
  while (!hold.held) await w.page.waitForTimeout(50);
  const rec = await w.log.evaluateHandle(log => { const out: any[] = []; const t0=performance.now(); const list=log.firstElementChild!;
    const st=(what:string)=>{ const kids=[...list.children]; const gaps=kids.filter(k=>k.className.includes("gap")).map(k=>(k as HTMLElement).style.height); const arts=kids.filter(k=>k.tagName=="ARTICLE"); out.push(`${(performance.now()-t0).toFixed(1)} ${what} top=${log.scrollTop} h=${log.scrollHeight} gaps=${gaps.join("/")} kids=${kids.length} first=${arts[0]?.textContent?.match(/line \d+/)?.[0]} last=${arts.at(-1)?.textContent?.match(/line \d+/)?.[0]}`); };
    const mo=new MutationObserver(m=>st(`mut${m.length}`)); mo.observe(list,{childList:true,subtree:true,attributes:true,attributeFilter:["style"]});
    log.addEventListener("scroll",()=>st("scroll"));
    let n=0; const f=()=>{ st("raf"); const io=new IntersectionObserver(e=>{io.disconnect(); out.push(`   painted`)}); io.observe(log); if(n++<12) requestAnimationFrame(f)}; requestAnimationFrame(f); return out; });
  hold.isOn = false; hold.release();
  await w.page.waitForTimeout(1200);
  for (const o of await rec.evaluate(o=>o as any)) console.log(o);
  }
});
