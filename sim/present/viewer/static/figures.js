// A run's figures: every section that `sim show` prints, one below the other, or one alone.
"use strict";

(function (R) {
  const spoken = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("-", " ");

  R.showFigures = async function (query) {
    const holder = document.getElementById("figures");
    const found = await R.get("/sections");
    const chosen = query.get("section");
    const link = (name, text) => R.el("a", { class: "chip", href: name ? R.link("figures", { section: name }) : "#/figures", "aria-current": (chosen || "") === name ? "true" : null }, text);
    const shown = found.sections.filter((s) => !chosen || s.name === chosen);
    holder.replaceChildren(
      R.el("h2", { class: "unseen" }, "Figures"),
      found.sections.length > 0 && R.el("nav", { class: "jumps", "aria-label": "sections" }, link("", "all"), found.sections.map((s) => link(s.name, spoken(s.name)))) || R.el("p", {}, "There are no figures yet."),
      ...shown.map((s) => R.el("section", { class: "group", "aria-label": spoken(s.name) }, s.blocks.map((b) => R.renderBlock(b, found.colours)))));
    if (chosen && !shown.length) holder.append(R.el("p", { class: "soft" }, `This run has nothing to show of ${chosen}.`));
  };
})(window.Rapport);
