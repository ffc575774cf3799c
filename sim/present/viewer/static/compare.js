// One run or two compared: what `sim compare` prints, part by part.
"use strict";

(async function (R) {
  document.getElementById("theme").addEventListener("click", () => R.setTheme(R.theme() === "dark" ? "light" : "dark"));
  const main = document.getElementById("main");
  const answer = await fetch(`/api/compare${location.search}`);
  const found = await answer.json();
  if (answer.ok) {
    const name = found.runs.join(" and ");
    document.getElementById("name").textContent = document.title = R.visible(`${name} compared`);
    // The run's name stands above already; what it was compared by goes on with it.
    const [head, ...rest] = found.blocks;
    const sentences = rest.length && !rest[0].headings.length ? rest.shift().lines : [];
    const links = found.runs.map((run) => R.el("a", { href: `/runs/${encodeURIComponent(run)}` }, run));
    main.replaceChildren(R.el("p", { class: "links" }, links), ...sentences.map((line) => R.el("p", { class: "sentence" }, line)),
      ...head.lines.map((line) => R.el("p", { class: "soft" }, line)), ...rest.map((block) => (block.headings.length ? table(block) : text(block))));
  } else main.replaceChildren(R.el("p", { class: "warn", role: "alert" }, found.problem), R.el("p", {}, R.el("a", { href: "/" }, "all runs")));
  document.documentElement.dataset.ready = "true";

  function text(block) {
    return R.el("div", { class: "note" }, block.lines.map((line) => R.el("p", {}, line)));
  }

  function table(block) {
    const kind = (at) => (block.figures[at] ? { class: "figure" } : {});
    const cell = (value, at) => (at === 0 ? R.el("th", { scope: "row" }, value) : R.el("td", kind(at), value));
    return R.el("section", { class: "table" }, R.el("h2", {}, block.title),
      R.el("div", { class: "scroll fixed", tabindex: "0", role: "region", "aria-label": block.title }, R.el("table", {},
        R.el("thead", {}, R.el("tr", {}, block.headings.map((h, at) => R.el("th", { scope: "col", ...kind(at) }, h)))),
        R.el("tbody", {}, block.rows.map((row) => R.el("tr", {}, row.map(cell)))))),
      block.caption && R.el("div", { class: "note" }, block.caption.split("\n").map((line) => R.el("p", {}, line))));
  }
})(window.Rapport);
