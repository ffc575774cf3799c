// What a command prints, as a page: lines become paragraphs and tables tables, with names of targets in their colours.
"use strict";

(function (R) {
  /** Lines as paragraphs; the first is their heading where the block is one of `words`. */
  R.renderLines = function (block, colours = {}) {
    const [first, ...rest] = block.lines;
    if (block.role === "words" && rest.length)
      return R.el("section", { class: "words" }, R.el("h2", {}, R.told(first, colours)), rest.map((line) => R.el("p", {}, R.told(line, colours))));
    return R.el("div", { class: "note" }, block.lines.map((line) => R.el("p", {}, R.told(line))));
  };

  R.renderTable = function (block, colours = {}) {
    const kind = (at) => (block.figures[at] ? { class: "figure" } : {});
    const shown = (value, at) => (block.figures[at] ? value : value in colours ? R.chip(value, colours[value]) : value);
    const cell = (value, at) => (at === 0 ? R.el("th", { scope: "row" }, shown(value, at)) : R.el("td", kind(at), shown(value, at)));
    return R.el("section", { class: "table" }, block.title && R.el("h2", {}, R.told(block.title, colours)),
      R.el("div", { class: "scroll fixed", tabindex: "0", role: "region", "aria-label": block.title || "figures" }, R.el("table", {},
        R.el("thead", {}, R.el("tr", {}, block.headings.map((h, at) => R.el("th", { scope: "col", ...kind(at) }, h)))),
        R.el("tbody", {}, block.rows.map((row) => R.el("tr", {}, row.map(cell)))))),
      block.caption && R.el("div", { class: "note" }, block.caption.split("\n").map((line) => R.el("p", {}, R.told(line)))));
  };

  R.renderBlock = (block, colours) => (block.headings.length ? R.renderTable(block, colours) : R.renderLines(block, colours));

  /** An SVG element with attributes and children. */
  R.svg = function (tag, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
})(window.Rapport);
