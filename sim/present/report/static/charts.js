// Charts: one specification and its rows, drawn with the colours of the day; every point leads to its conversations, every chart has its table.
"use strict";

(function (R) {
  const AXIS = 60; // Pixels that the axis of a row of panels takes.
  const GAP = 24; // Pixels between panels.
  const INNER = 150; // Columns of a faceted chart that its labels take.
  const HIDDEN = new Set(["link", "order", "at", "label"]); // Keys of a row that only the drawing needs.
  const figures = new Map();
  const drawn = new Map();
  let themes = null;

  const seen = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach((e) => draw(e.target)), { rootMargin: "300px" });

  /** Make the figures known and draw each when it comes into view, the others when there is time. */
  R.startCharts = function (given, theme) {
    themes = theme;
    figures.clear();
    for (const figure of given) figures.set(figure.id, figure);
    for (const gone of [...drawn.keys()].filter((h) => !h.isConnected)) drawn.delete(gone);
    const holders = [...document.querySelectorAll("[data-figure]")];
    seen.disconnect();
    holders.forEach((h) => seen.observe(h));
    const idle = window.requestIdleCallback || ((f) => setTimeout(f, 50));
    const rest = () => {
      const next = holders.find((h) => !drawn.has(h));
      if (next) {
        if (next.clientWidth) draw(next);
        else drawn.set(next, 0);
        idle(rest);
      } else {
        document.documentElement.dataset.charts = "drawn";
        performance.mark("drawn");
      }
    };
    idle(rest);
  };

  let waiting = 0;
  document.addEventListener("theme", () => again());
  window.addEventListener("beforeprint", () => again("light"));
  window.addEventListener("afterprint", () => again());
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => [...drawn].filter(([h, width]) => h.clientWidth && h.clientWidth !== width).forEach(([h]) => draw(h, null, true)), 150);
  });

  R.redrawCharts = () => [...drawn].filter(([h, width]) => h.clientWidth && !width).forEach(([h]) => draw(h, null, true));

  function again(theme) {
    for (const holder of drawn.keys()) if (holder.clientWidth) draw(holder, theme, true);
  }

  function draw(holder, theme, anyway) {
    if (drawn.has(holder) && !anyway) return;
    const figure = figures.get(holder.dataset.figure);
    const width = holder.clientWidth;
    drawn.set(holder, width);
    if (!figure.rows.length) return;
    const compiled = vegaLite.compile(sized(figure, width), { config: looks(theme || R.theme(), width), logger: vega.logger(vega.Error) }).spec;
    const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: vega.expressionInterpreter,
      renderer: "svg",
      hover: false,
      tooltip: (handler, event, item, value) => tell(figure, event, value),
    });
    view.addEventListener("click", (event, item) => {
      const row = item && rowOf(item);
      if (row && row.link) location.hash = row.link.slice(1);
    });
    view.addEventListener("mouseover", (event, item) => holder.classList.toggle("leads", Boolean(item && rowOf(item)?.link)));
    // Vega names the element it draws into; the holder keeps the name that says what the chart shows.
    const inner = R.el("div", { "aria-hidden": "true" });
    holder.replaceChildren(inner);
    view.initialize(inner).run();
  }

  function looks(theme, width) {
    const config = themes[theme];
    return width < 500 ? { ...config, legend: { ...config.legend, columns: 2 } } : config;
  }

  function rowOf(item) {
    const datum = item.datum;
    return datum && datum.link ? datum : datum && datum.datum && datum.datum.link ? datum.datum : null;
  }

  function sized(figure, width) {
    const spec = structuredClone(figure.spec);
    spec.data = { values: figure.rows.map((r) => ({ ...r })) };
    spec.autosize = { type: "fit-x", contains: "padding" };
    if (spec.usermeta && spec.usermeta.inner) {
      delete spec.autosize;
      spec.spec.width = Math.max(160, width - INNER);
      if (width < 500) spec.spec.encoding.color.legend.columns = 2;
    } else if (spec.usermeta && spec.usermeta.panels) {
      delete spec.autosize;
      spec.columns = Math.min(spec.usermeta.panels, width < 480 ? 1 : width < 700 ? 2 : 3);
      spec.spec.width = Math.max(140, Math.floor((width - AXIS) / spec.columns) - GAP);
    } else spec.width = width;
    return spec;
  }

  // --- what a point says ---

  let box = null;

  function tell(figure, event, value) {
    if (!box) document.body.append((box = R.el("div", { class: "tip", role: "status" })));
    if (value == null || value === "" || typeof value !== "object") {
      box.hidden = true;
      return;
    }
    const shown = Object.keys(figure.columns).filter((k) => !HIDDEN.has(k) && value[k] != null);
    box.replaceChildren(...shown.map((k) => R.el("div", {}, R.el("span", {}, k.replace("_", " ")), " ", R.el("b", {}, spoken(value[k])))));
    if (value.link) box.append(R.el("div", { class: "hint" }, "click to read"));
    box.hidden = false;
    const left = Math.min(event.clientX + 14, window.innerWidth - box.offsetWidth - 8);
    box.style.left = Math.max(4, left) + "px";
    box.style.top = Math.min(event.clientY + 14, window.innerHeight - box.offsetHeight - 8) + "px";
  }

  const spoken = (value) => (typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2).replace("-", "−") : String(value));

  // --- the table of a chart ---

  /** Fill the table below a chart when it is first opened. */
  R.openTable = function (details) {
    const holder = details.querySelector(".rows");
    if (!details.open || holder.childElementCount) return;
    const figure = figures.get(details.dataset.rows);
    const keys = Object.keys(figure.columns).filter((k) => !HIDDEN.has(k));
    const leads = "link" in figure.columns;
    const head = R.el("tr", {}, keys.map((k) => R.el("th", { scope: "col", title: figure.columns[k] }, k.replace("_", " "))), leads && R.el("th", { scope: "col" }, "read"));
    const rows = figure.rows.map((row) =>
      R.el("tr", {}, keys.map((k) => R.el("td", { class: typeof row[k] === "number" ? "figure" : null }, row[k] == null ? "" : spoken(row[k]))),
        leads && R.el("td", {}, row.link && R.el("a", { href: row.link }, "conversations"))));
    holder.append(R.el("table", {}, R.el("thead", {}, head), R.el("tbody", {}, rows)));
  };
})(window.Rapport);
