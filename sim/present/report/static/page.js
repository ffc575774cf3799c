// The page: which view is shown, the keys, and where the data stands.
"use strict";

(function (R) {
  const unpacked = new Map();

  /** A trial's whole data, from its block in the page. */
  function fetchTrial(trial) {
    if (!unpacked.has(trial)) {
      const block = document.querySelector(`script[data-trial="${CSS.escape(trial)}"]`);
      unpacked.set(trial, block ? R.unpack(block.textContent) : Promise.reject(new Error("no such conversation")));
    }
    return unpacked.get(trial);
  }

  async function show() {
    const { view, anchor, query } = R.place();
    for (const part of document.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== view;
    for (const tab of document.querySelectorAll("[data-tab]")) {
      const current = tab.dataset.tab === (view === "talk" ? "talks" : view);
      if (current) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    if (view !== "report") await ready;
    if (view === "talks") await R.showTalks(query);
    else if (view === "talk") await showTalk(query);
    else {
      R.redrawCharts();
      const place = anchor && document.getElementById(anchor);
      if (place) place.scrollIntoView();
    }
    document.documentElement.dataset.shown = location.hash || "#";
  }

  let standing = "";

  async function showTalk(query) {
    const holder = document.getElementById("talk");
    try {
      const whole = await fetchTrial(query.get("trial"));
      holder.replaceChildren(R.renderTalk(whole, query));
    } catch {
      holder.replaceChildren(R.el("p", { class: "warn" }, `This page holds no conversation “${query.get("trial")}”.`));
      return;
    }
    const here = holder.querySelector(".here");
    if (here) {
      here.scrollIntoView({ block: "center" });
      here.focus({ preventScroll: true });
    } else if (standing !== query.get("trial")) {
      window.scrollTo(0, 0);
      holder.querySelector("h2").focus({ preventScroll: true });
    }
    standing = query.get("trial");
  }

  // --- keys ---

  function step(by) {
    const all = [...document.querySelectorAll("#talk .exchange")];
    const at = all.indexOf(document.activeElement.closest(".exchange"));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (next) {
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "center" });
    }
  }

  function otherTalk(by) {
    const trials = R.trials();
    const next = trials[trials.findIndex((t) => t.trial === R.place().query.get("trial")) + by];
    if (next) location.hash = R.link("talk", { trial: next.trial }).slice(1);
  }

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    n: () => otherTalk(1),
    p: () => otherTalk(-1),
    s: () => toggle("scores"),
    m: () => toggle("moves"),
    t: () => R.setTheme(R.theme() === "dark" ? "light" : "dark"),
    "/": () => ((location.hash = "#/talks"), setTimeout(() => document.querySelector("#filters [type=search]").focus(), 50)),
  };

  function toggle(what) {
    const button = document.querySelector(`[data-toggle=${what}]`);
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    document.getElementById("talk").classList.toggle(`without-${what}`, !on);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const act = KEYS[event.key];
    if (!act || ("jknpsm".includes(event.key) && R.place().view !== "talk")) return;
    event.preventDefault();
    act();
  });

  // --- start ---

  const { theme, words } = R.data("page-data");
  let ready = null;

  const paint = () =>
    words.moves.forEach((_, i) => document.documentElement.style.setProperty(`--move-${i % 11}`, theme[R.theme()].range.ordinal[i % 11]));

  /** Use the data and the report that stand in the page now. */
  R.begin = function () {
    unpacked.clear();
    ready = R.unpack(document.getElementById("index").textContent).then((index) => R.startTalks(index, fetchTrial));
    document.querySelectorAll("#main table.sortable").forEach(R.sortable);
    document.querySelectorAll("details[data-rows]").forEach((d) => d.addEventListener("toggle", () => R.openTable(d)));
    R.startCharts(R.data("page-data").figures, theme);
  };

  paint();
  document.addEventListener("theme", paint);
  R.startTalk(words);
  R.sortable(document.getElementById("conversations"));
  R.begin();
  document.querySelectorAll("[data-toggle]").forEach((b) => b.addEventListener("click", () => toggle(b.dataset.toggle)));
  document.getElementById("theme").addEventListener("click", () => KEYS.t());
  window.addEventListener("hashchange", show);
  // Nobody can open on paper what is folded; tables that hold nothing stay so.
  window.addEventListener("beforeprint", () => document.querySelectorAll("#main .more, .made details").forEach((d) => { d.open = true; }));
  show();
  document.documentElement.dataset.ready = "true";
  performance.mark("usable");
})(window.Rapport);
