// The list of conversations: filtered by who, where, score, move, flag and words; every filter stands in the address, so that a list can be linked to.
"use strict";

(function (R) {
  const AT_ONCE = 200;
  let index = null;
  let fetch = null; // Gives a trial's whole data by its id.
  const texts = new Map(); // Lower-case texts of exchanges by trial, once somebody searches.

  /** Use `data`, an index of conversations, and `whole`, which promises the texts of a trial. */
  R.startTalks = function (data, whole) {
    index = data;
    fetch = whole;
    index.trials.forEach((t) => {
      [t.liked, t.steady] = t.whole;
      t.worst = t.likability.reduce((worst, v) => (v == null ? worst : Math.min(worst, v)), 6);
    });
    fill("target", [...new Set(index.trials.map((t) => t.target))]);
    fill("persona", [...new Set(index.trials.map((t) => t.persona))].sort());
    fill("scenario", [...new Set(index.trials.map((t) => t.scenario))].sort());
    fill("session", [...new Set(index.trials.flatMap((t) => t.session))].sort((a, b) => a - b));
    fill("dimension", index.dimensions);
    fill("move", index.moves);
    fill("flag", index.flags);
    fill("ending", [...new Set(index.trials.flatMap((t) => t.endings))].filter(Boolean).sort());
    texts.clear();
  };

  const form = document.getElementById("filters");
  let waiting = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (location.hash = R.link("talks", chosen()).slice(1)), event.target.type === "search" ? 250 : 0);
  });
  form.addEventListener("reset", () => (location.hash = "#/talks"));

  R.trials = () => index.trials;

  function fill(name, values) {
    const select = form.elements[name];
    select.replaceChildren(select.options[0], ...values.map((v) => R.el("option", { value: v }, String(v).replaceAll("_", " "))));
    select.closest("label").hidden = !values.length;
  }

  function chosen() {
    return [...new FormData(form)].filter(([, value]) => value !== "");
  }

  /** Show the conversations that `query` keeps. */
  R.showTalks = async function (query) {
    for (const field of form.elements) if (field.name && document.activeElement !== field) field.value = query.get(field.name) || "";
    const words = (query.get("text") || "").toLowerCase().trim();
    if (words) await readAll();
    const exact = ["session", "dimension", "most", "move", "flag", "said", "text"].some((k) => query.get(k));
    const found = [];
    for (const trial of index.trials) {
      if (["target", "persona", "scenario"].some((k) => query.get(k) && query.get(k) !== trial[k])) continue;
      if (query.get("ending") && !trial.endings.includes(query.get("ending"))) continue;
      const hits = exact ? matching(trial, query, words) : [];
      if (!exact || hits.length) found.push({ trial, hits });
    }
    const exchanges = found.reduce((sum, f) => sum + (exact ? f.hits.length : f.trial.session.length), 0);
    const told = `${exchanges.toLocaleString("en")} exchange${exchanges === 1 ? "" : "s"} in ${found.length.toLocaleString("en")} conversation${found.length === 1 ? "" : "s"}`;
    document.getElementById("found").textContent = told;
    list(found, exact, query);
  };

  /** Indices of the exchanges of `trial` that `query` keeps. */
  function matching(trial, query, words) {
    const dimension = index.dimensions.indexOf(query.get("dimension"));
    const most = query.get("most") ? Number(query.get("most")) : null;
    const move = 2 ** index.moves.indexOf(query.get("move"));
    const flag = 2 ** index.flags.indexOf(query.get("flag"));
    const session = Number(query.get("session"));
    const found = [];
    for (let i = 0; i < trial.session.length; i++) {
      if (session && trial.session[i] !== session) continue;
      if (dimension >= 0) {
        const letter = trial.scores[i * index.dimensions.length + dimension];
        if (!(letter >= "1" && letter <= "5") || (most != null && Number(letter) > most)) continue;
      } else if (most != null && (trial.likability[i] == null || trial.likability[i] > most)) continue;
      if (query.get("move") && !(trial.moves[i] & move)) continue;
      if (query.get("flag") && !(trial.flags[i] & flag)) continue;
      if (query.get("said") && !trial.said[i]) continue;
      if (words && !texts.get(trial.trial)[i].includes(words)) continue;
      found.push(i);
    }
    return found;
  }

  async function readAll() {
    for (const trial of index.trials) {
      if (texts.has(trial.trial)) continue;
      const whole = await fetch(trial.trial);
      const said = whole.sessions.flatMap((s) => s.exchanges).filter((e) => e.reply != null);
      texts.set(trial.trial, said.map((e) => (e.user + "\n" + e.reply).toLowerCase()));
    }
  }

  function list(found, exact, query) {
    const body = document.querySelector("#conversations tbody");
    const more = document.getElementById("more");
    const kept = exact ? [...query].filter(([k]) => !["target", "persona", "scenario"].includes(k)) : [];
    let shown = 0;
    const next = () => {
      body.append(...found.slice(shown, shown + AT_ONCE).map((f) => row(f, kept)));
      shown += AT_ONCE;
      more.hidden = shown >= found.length;
      more.textContent = `show ${Math.min(AT_ONCE, found.length - shown)} more of ${found.length - shown}`;
    };
    body.replaceChildren();
    more.onclick = next;
    next();
    document.querySelector("#conversations .hits").hidden = !exact;
  }

  function row({ trial, hits }, kept) {
    const at = hits.length ? { session: trial.session[hits[0]], exchange: trial.exchange[hits[0]] } : {};
    const link = R.link("talk", [["trial", trial.trial], ...Object.entries(at), ...kept.filter(([k]) => k === "text" || k === "dimension")]);
    const worst = trial.worst < 6 ? trial.worst : null;
    return R.el("tr", {},
      R.el("td", {}, R.el("a", { href: link }, trial.persona)),
      R.el("td", {}, trial.target),
      R.el("td", {}, trial.scenario),
      R.el("td", { class: "figure" }, String(trial.seed)),
      R.el("td", { class: "figure", "data-value": trial.liked ?? -1 }, R.number(trial.liked)),
      R.el("td", { class: "figure", "data-value": worst ?? -1 }, R.number(worst)),
      R.el("td", { "data-value": trial.steady ?? -1 }, R.number(trial.steady), " ", line(trial.fixed)),
      R.el("td", { class: "figure" }, String(trial.session.length)),
      R.el("td", { class: "figure", hidden: !kept.length }, hits.length ? String(hits.length) : ""),
      R.el("td", {}, trial.status));
  }

  /** A small line of the fixed set, exchange by exchange. */
  function line(values) {
    const known = values.map((v, i) => [i, v]).filter(([, v]) => v != null);
    if (known.length < 2) return R.el("span", {}, "");
    const [w, h] = [90, 18];
    const points = known.map(([i, v]) => `${((i / (values.length - 1)) * w).toFixed(1)},${(h - 1 - ((v - 1) / 4) * (h - 2)).toFixed(1)}`);
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    const path = document.createElementNS(ns, "polyline");
    for (const [k, v] of Object.entries({ viewBox: `0 0 ${w} ${h}`, width: w, height: h, class: "spark", role: "img" })) svg.setAttribute(k, v);
    svg.setAttribute("aria-label", `fixed set, exchange by exchange, from ${known[0][1]} to ${known[known.length - 1][1]}`);
    path.setAttribute("points", points.join(" "));
    svg.append(path);
    return svg;
  }
})(window.Rapport);
