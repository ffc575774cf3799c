// The list of runs.
"use strict";

(async function (R) {
  document.getElementById("theme").addEventListener("click", () => R.setTheme(R.theme() === "dark" ? "light" : "dark"));
  const answer = await fetch("/api/runs");
  const { runs } = await answer.json();
  const table = document.getElementById("runs");
  document.getElementById("found").textContent = runs.length ? `${runs.length} run${runs.length === 1 ? "" : "s"}` : "There is no run here yet. Make one with: sim run";
  table.hidden = !runs.length;
  table.tBodies[0].append(...[...runs].reverse().map(row));
  R.sortable(table);
  document.documentElement.dataset.ready = "true";

  function row(r) {
    if (r.problem) return R.el("tr", {}, R.el("th", { scope: "row" }, r.run), R.el("td", { colspan: "7", class: "warn" }, r.problem));
    const figure = (value) => R.el("td", { class: "figure" }, value.toLocaleString("en"));
    return R.el("tr", {}, R.el("th", { scope: "row" }, R.el("a", { href: `/runs/${encodeURIComponent(r.run)}` }, r.run)), R.el("td", {}, r.status),
      R.el("td", {}, r.created.slice(0, 16).replace("T", " ")), figure(r.trials), figure(r.finished), figure(r.failed), figure(r.exchanges),
      r.silence ? R.el("td", { class: "warn" }, `nobody answered: ${R.visible(r.silence)}`) : R.el("td", {}, r.offline ? "offline: says nothing of any real model" : "real"));
  }
})(window.Rapport);
