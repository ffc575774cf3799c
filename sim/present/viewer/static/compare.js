// One run or two compared: what `sim compare` prints, the answer and its picture first, then the tables, then the rest.
"use strict";

(async function (R) {
  document.getElementById("theme").addEventListener("click", () => R.setTheme(R.theme() === "dark" ? "light" : "dark"));
  const main = document.getElementById("main");
  const answer = await fetch(`/api/compare${location.search}`);
  const found = await answer.json();
  if (answer.ok) {
    const colours = found.colours;
    const of = (role) => found.blocks.filter((b) => b.role === role);
    const lines = (role) => of(role).flatMap((b) => b.lines);
    document.getElementById("name").textContent = document.title = R.visible(`${found.runs.join(" and ")} compared`);
    const links = found.runs.map((run) => R.el("a", { href: `/runs/${encodeURIComponent(run)}` }, run));
    const [facts, ...rest] = lines("heading");
    const tables = found.blocks.filter((b) => ["table", "words"].includes(b.role));
    main.replaceChildren(
      R.el("p", { class: "links" }, links),
      ...lines("answer").map((line) => R.el("p", { class: "sentence" }, R.told(line, colours))),
      ...(found.picture ? [draw(found.picture, colours)] : []),
      ...of("changes").map((b) => R.renderLines(b)),
      ...of("registered").map((b) => R.el("div", { class: "registered" }, b.lines.map((line) => R.el("p", {}, R.told(line, colours))))),
      R.el("div", { class: "note" }, [facts, ...rest].map((line) => R.el("p", {}, R.told(line)))),
      ...tables.map((b) => R.renderBlock(b, colours)),
      R.el("section", { class: "table" }, R.el("h2", {}, "How to read it"), ...of("notes").map((b) => R.renderLines(b))));
  } else main.replaceChildren(R.el("p", { class: "warn", role: "alert" }, R.told(found.problem)), R.el("p", {}, R.el("a", { href: "/" }, "all runs")));
  document.documentElement.dataset.ready = "true";

  /** Each pair by the primary outcome, on one scale. */
  function draw(picture, colours) {
    const line = (kind, from, to, y1, y2) => R.svg("line", { class: kind, x1: `${from}%`, x2: `${to}%`, y1, y2 });
    const strip = (s) => R.el("div", { class: "strip", "data-colour": String(colours[s.a]) },
      R.el("span", { class: "name" }, s.within && R.el("small", {}, s.within), R.chip(s.a, colours[s.a]), " − ", R.chip(s.b, colours[s.b])),
      R.svg("svg", { class: "span", width: "100%", height: "26", "aria-hidden": "true" },
        ...picture.ticks.map(([at]) => line("grid", at, at, 0, 26)), line("zero", picture.zero, picture.zero, 0, 26),
        ...(s.low == null ? [] : [line("interval", s.low, s.high, 13, 13)]), R.svg("circle", { class: "point", cx: `${s.at}%`, cy: "13", r: "6" })),
      R.el("span", { class: "told" }, R.el("b", {}, s.figure), s.interval && R.el("span", { class: "range" }, ` (${s.interval})`), " ", R.el("i", {}, s.told)));
    const axis = R.svg("svg", { class: "span", width: "100%", height: "18", "aria-hidden": "true" },
      ...picture.ticks.map(([at, label]) => R.svg("text", { x: `${at}%`, y: "13", "text-anchor": "middle" }, label)));
    const spoken = picture.strips.map((s) => `${s.a} less ${s.b} ${s.figure}${s.interval && `, ${s.interval}`}, ${s.told}`).join("; ");
    return R.el("figure", { class: "forest" }, R.el("figcaption", {}, R.el("p", { class: "shows" }, picture.shows)),
      R.el("div", { class: "strips", role: "img", "aria-label": `${picture.shows}: ${spoken}.` }, picture.strips.map(strip),
        R.el("div", { class: "strip axis" }, R.el("span"), axis, R.el("span"))));
  }
})(window.Rapport);
