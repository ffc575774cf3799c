// The list of runs: what each is and how far it came at once, how its targets are liked as soon as that has been read.
"use strict";

(async function (R) {
  const MOST = 6;
  const AT_ONCE = 2;
  document.getElementById("theme").addEventListener("click", () => R.setTheme(R.theme() === "dark" ? "light" : "dark"));
  const answer = await fetch("/api/runs");
  const runs = (await answer.json()).runs.reverse();
  const table = document.getElementById("runs");
  const form = document.getElementById("choose");
  const readable = runs.filter((r) => !r.problem);
  document.getElementById("found").textContent = runs.length ? `${runs.length} run${runs.length === 1 ? "" : "s"}, the newest first` : "There is no run here yet. Make one with: sim run";
  table.hidden = !runs.length;
  form.hidden = !readable.length;
  table.tBodies[0].append(...runs.map(row));
  form.addEventListener("change", choose);
  table.addEventListener("change", choose);
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    location.href = `/compare?${new URLSearchParams(chosen().map((name) => ["run", name]))}`;
  });
  choose();
  document.documentElement.dataset.ready = "true";
  for (const r of readable) await figures(r);
  document.documentElement.dataset.figures = "true";

  function row(r) {
    const name = R.el("th", { scope: "row" }, r.problem ? r.run : R.el("a", { href: `/runs/${encodeURIComponent(r.run)}` }, r.run));
    if (r.problem) return R.el("tr", {}, R.el("td"), name, R.el("td", { colspan: "4", class: "warn" }, r.problem));
    const box = R.el("input", { type: "checkbox", name: "run", value: r.run, "aria-label": `compare ${r.run}` });
    return R.el("tr", { "data-run": r.run }, R.el("td", { class: "box" }, box), name,
      R.el("td", { class: "likes" }, r.exchanges ? R.el("span", { class: "soft" }, "…") : "–"),
      R.el("td", { class: "state" }, state(r)), R.el("td", { class: "figure" }, `${r.exchanges.toLocaleString("en")}`, R.el("span", { class: "narrow" }, " exchanges")),
      R.el("td", { class: "begun" }, r.created.slice(0, 16).replace("T", " ")));
  }

  function state(r) {
    const over = r.finished + r.failed;
    const trials = over === r.trials ? `${r.trials.toLocaleString("en")} trial${r.trials === 1 ? "" : "s"}` : `${over.toLocaleString("en")} of ${r.trials.toLocaleString("en")} trials`;
    return [R.el("span", { class: `status ${r.status}` }, r.status), ` ${trials}`, r.failed ? R.el("span", { class: "warn" }, `, ${r.failed.toLocaleString("en")} failed`) : "",
      r.offline && R.el("div", { class: "soft" }, "offline models: says nothing of any real model"), r.silence && R.el("div", { class: "warn" }, `nobody answered: ${R.visible(r.silence)}`)];
  }

  /** How its targets are liked, and why it stopped. */
  async function figures(r) {
    const [likes, told] = ["likes", "state"].map((name) => table.querySelector(`tr[data-run="${CSS.escape(r.run)}"] .${name}`));
    const got = await fetch(`/api/runs/${encodeURIComponent(r.run)}/figures`);
    const found = await got.json();
    if (!got.ok) return likes.replaceChildren(R.el("span", { class: "warn" }, found.problem));
    if (r.exchanges) likes.replaceChildren(...liked(found));
    if (found.lost) told.append(R.el("div", { class: "warn" }, found.lost));
    // Of a run in which nobody answered, the list has said why already.
    if (!r.silence) told.append(...found.why.map((line) => R.el("div", { class: "warn" }, R.visible(line))));
  }

  function liked(found) {
    const lines = found.targets.map((t) => R.el("li", { "data-colour": String(t.colour) }, R.chip(t.target, t.colour), ...value(t, found.measure), spark(t)));
    const rest = lines.splice(MOST);
    return [R.el("ul", {}, lines), rest.length && R.el("details", {}, R.el("summary", {}, `${rest.length} more`), R.el("ul", {}, rest))].filter(Boolean);
  }

  /** How much it is liked; and how sure that is. */
  function value(t, measure) {
    if (t.value == null) return [R.el("span", { class: "soft" }, "not scored")];
    const interval = t.interval ? `${t.interval[0].toFixed(2)} to ${t.interval[1].toFixed(2)}` : "";
    const people = `${t.personas} persona${t.personas === 1 ? "" : "s"}`;
    const about = interval ? `${interval}, ${people}` : people;
    return [R.el("b", { title: measure }, t.value.toFixed(2)), R.el("span", { class: "soft about", title: interval && `95 % interval of the ${measure}` }, about)];
  }

  /** The sessions of a target from left to right, the scale of 1 to 5 from bottom to top. */
  function spark(t) {
    const known = t.sessions.map((s, at) => [at, s]).filter(([, s]) => s != null);
    if (known.length < 2) return null;
    const x = (at) => (at / (t.sessions.length - 1)) * 56 + 2;
    const y = (s) => 16 - ((s - 1) / 4) * 14;
    const text = `session by session: ${t.sessions.map((s) => (s == null ? "none" : s.toFixed(2))).join(", ")}`;
    const title = R.svg("title", {}, text);
    const line = R.svg("polyline", { points: known.map(([at, s]) => `${x(at).toFixed(1)},${y(s).toFixed(1)}`).join(" ") });
    return R.svg("svg", { class: "spark", width: 60, height: 18, viewBox: "0 0 60 18", role: "img", "aria-label": text }, title, line);
  }

  // --- choosing what to compare ---

  /** The older run first, as `sim compare` wants it. */
  function chosen() {
    return [...table.querySelectorAll("[name=run]:checked")].map((box) => box.value).reverse();
  }

  function choose() {
    const names = chosen();
    table.querySelectorAll("[name=run]:not(:checked)").forEach((box) => (box.disabled = names.length >= AT_ONCE));
    form.querySelector("button").disabled = !names.length;
    const said = names.length === 2 ? `${names[0]} and ${names[1]}` : names.length ? `the targets of ${names[0]}, or choose a second run` : "choose one run or two";
    document.getElementById("chosen").textContent = R.visible(said);
  }
})(window.Rapport);
