// The report as the viewer serves it: while the run goes on, it takes in what is new, without losing the place.
"use strict";

(function (R) {
  const LEAST = 5_000; // Milliseconds between two reports; longer where making one takes long.
  const run = location.pathname.split("/")[2];
  let stale = false;
  let waiting = 0;
  let rest = LEAST;
  let last = performance.now();

  document.querySelector(".top .tabs").append(R.el("a", { href: `/runs/${run}` }, "Exchanges"));

  /** Fetch the report again when somebody looks at it, and not too soon after the last time. */
  function later() {
    if (!stale || waiting || document.hidden || R.place().view !== "report") return;
    waiting = setTimeout(async () => {
      stale = false;
      const began = performance.now();
      try {
        await refresh();
      } catch {
        stale = true; // The viewer is gone, or the run: the page stays as it is, and the next news try again.
      }
      waiting = 0;
      last = performance.now();
      rest = Math.max(LEAST, 2 * (last - began));
      if (R.place().view === "report") later();
    }, Math.max(0, last + rest - performance.now()));
  }

  async function refresh() {
    const answer = await fetch(location.pathname);
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = [...document.querySelectorAll("#main details[open]")].map((d) => d.dataset.rows);
    const heights = new Map([...document.querySelectorAll("[data-figure]")].map((h) => [h.dataset.figure, h.clientHeight]));
    const data = "#page-data, #index, script[data-trial]";
    document.querySelectorAll(data).forEach((block) => block.remove());
    document.body.append(...fresh.querySelectorAll(data));
    for (const part of [".top .note", ".contents", "#main"]) document.querySelector(part).replaceWith(fresh.querySelector(part));
    // A chart is as high as it was until it is drawn, so that what is being read does not move.
    for (const holder of document.querySelectorAll("[data-figure]")) holder.style.minHeight = `${heights.get(holder.dataset.figure) || 0}px`;
    document.documentElement.dataset.charts = "drawing";
    R.begin();
    for (const id of open) document.querySelector(`details[data-rows="${CSS.escape(id)}"]`)?.setAttribute("open", "");
    document.documentElement.dataset.report = String(1 + Number(document.documentElement.dataset.report || 0));
  }

  const news = new EventSource(`/api/runs/${run}/live`);
  news.addEventListener("rows", () => {
    stale = true;
    later();
  });
  window.addEventListener("hashchange", later);
  document.addEventListener("visibilitychange", later);
})(window.Rapport);
