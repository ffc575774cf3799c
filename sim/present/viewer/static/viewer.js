// A run in the viewer: its exchanges, filtered by the server; conversations, alone or side by side; live while the run goes on.
"use strict";

(async function (R) {
  const AT_ONCE = 50;
  const run = decodeURIComponent(location.pathname.split("/")[2]);
  const api = (path, query) => `/api/runs/${encodeURIComponent(run)}${path}${query ? "?" + new URLSearchParams(query) : ""}`;

  R.get = async function (path, query) {
    const answer = await fetch(api(path, query));
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.problem);
    return found;
  };

  R.post = async function (path, body) {
    const answer = await fetch(api(path), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.problem);
    return found;
  };

  const head = await R.get("");
  R.words = head.words;
  let near = [];
  R.trials = () => near;

  /** A conversation, with those that it can be shown beside. */
  R.talk = async function (trial) {
    const whole = await R.get(`/talks/${trial.split("/").map(encodeURIComponent).join("/")}`);
    near = whole.beside;
    return whole;
  };

  R.startTalk(head.words);
  const paint = () => head.words.moves.forEach((_, i) => document.documentElement.style.setProperty(`--move-${i % 11}`, head.colours[R.theme()][i % 11]));
  paint();
  document.addEventListener("theme", paint);
  document.title = document.getElementById("name").textContent = R.visible(run);
  document.getElementById("report").href = `/runs/${encodeURIComponent(run)}/report`;
  const compare = document.getElementById("compare");
  compare.href = `/compare?run=${encodeURIComponent(run)}`;
  compare.hidden = head.choices.target.length < 2;
  const offline = document.getElementById("offline");
  offline.textContent = head.offline_note;
  offline.hidden = !head.offline_note;
  const outages = document.getElementById("outages");
  outages.replaceChildren(...head.outages.map((line) => R.el("li", {}, R.visible(line))));
  outages.hidden = !head.outages.length;

  function tellStops(lines) {
    const stops = document.getElementById("stops");
    stops.replaceChildren(...lines.map((line) => R.el("li", {}, R.visible(line))));
    stops.hidden = !lines.length;
  }
  tellStops(head.stops);

  // --- the list of exchanges ---

  const SORTS = { told: "as told", newest: "newest first", lowest: "lowest first", highest: "highest first", longest: "longest first" };
  const form = document.getElementById("filters");
  const body = document.querySelector("#exchanges tbody");
  const more = document.getElementById("more");
  const plain = (text) => String(text).replaceAll("_", " ");

  function choice(name, label, options) {
    const found = options.map((o) => (Array.isArray(o) ? o : [o, plain(o)]));
    return R.el("label", {}, label, R.el("select", { name: name }, R.el("option", { value: "" }, "any"), found.map(([value, text]) => R.el("option", { value: value }, text))));
  }

  const MARKS = { worst: "worst of its target", critical_verdict: "critical verdict", left: "left", false_memory: "false memory", said_before: "repeats", flagged: "flagged", cut: "cut off" };
  const tick = (name, text) => R.el("label", { class: "tick" }, R.el("input", { type: "checkbox", name: name, value: "true" }), text);
  const shut = R.el("button", { type: "button", id: "more-filters", "aria-expanded": "false", "aria-controls": "filter-panel", click: () => open(panel.hidden) }, "filters");
  const panel = R.el("div", { class: "more", id: "filter-panel", hidden: true },
    R.el("fieldset", {}, R.el("legend", {}, "marked"), Object.entries(MARKS).map(([name, text]) => tick(name, text))),
    ...["target", "persona", "scenario", "move", "flag"].map((name) => choice(name, name, head.choices[name])),
    choice("dimension", "dimension", Object.entries(head.words.short)),
    choice("most", "score at most", ["1", "2", "3", "4"]),
    choice("least", "at least", ["2", "3", "4", "5"]),
    choice("label", "label", [["none", "nobody has read it"], ...head.labels.map((l) => [l, plain(l)])]),
    choice("scorer", "scorer", head.choices.scorer.map((c) => [c, plain(c.replace("=", ": "))])),
    R.el("button", { type: "reset" }, "clear all"));
  form.append(
    R.el("div", { class: "always" },
      R.el("label", {}, "words", R.el("input", { type: "search", name: "q", placeholder: "in messages and replies" })),
      R.el("label", {}, "order", R.el("select", { name: "sort" }, Object.entries(SORTS).map(([value, text]) => R.el("option", { value: value }, text)))), shut),
    panel);
  document.querySelector("#exchanges thead tr").append(
    R.el("th", { scope: "col", class: "at" }, "who and where"), R.el("th", { scope: "col" }, "what was said"),
    R.el("th", { scope: "col", class: "figure mean", title: "the exchange's own mean over the dimensions scored" }, "mean"),
    ...Object.entries(head.words.short).map(([d, t]) => R.el("th", { scope: "col", class: "figure dimension", title: head.words.labels[d] }, R.el("span", {}, t))));

  function open(wide) {
    panel.hidden = !wide;
    shut.setAttribute("aria-expanded", String(wide));
  }

  /** Let `name` be filtered by `values` also, which were not there when the page came. */
  function offer(name, values) {
    const select = form.elements[name];
    const known = new Set([...select.options].map((o) => o.value));
    select.append(...[...new Set(values)].filter((v) => !known.has(v)).map((v) => R.el("option", { value: v }, plain(v))));
  }

  let waiting = 0;
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("input", (e) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (location.hash = R.link("exchanges", chosen()).slice(1)), e.target.type === "search" ? 250 : 0);
  });
  form.addEventListener("reset", () => (location.hash = "#/exchanges"));
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || panel.hidden) return;
    open(false);
    shut.focus();
  });
  const chosen = () => [...new FormData(form)].filter(([name, value]) => value !== "" && !(name === "sort" && value === "told"));

  let asked = 0;
  async function showExchanges(query) {
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = query.has(field.name);
      else if (field.name && document.activeElement !== field) field.value = query.get(field.name) || (field.name === "sort" ? "told" : "");
    }
    const active = [...query.keys()].filter((name) => !["q", "sort"].includes(name)).length;
    shut.textContent = active ? `filters (${active})` : "filters";
    const mine = ++asked;
    const page = await R.get("/exchanges", [...query, ["limit", AT_ONCE]]);
    if (mine !== asked) return;
    body.replaceChildren(...page.rows.map((r) => row(r, query)));
    count(page.total);
    more.onclick = async () => {
      const next = await R.get("/exchanges", [...query, ["limit", AT_ONCE], ["offset", body.rows.length]]);
      body.append(...next.rows.map((r) => row(r, query)));
      count(next.total);
    };
  }

  function count(total) {
    document.getElementById("found").textContent = `${total.toLocaleString("en")} exchange${total === 1 ? "" : "s"}`;
    more.hidden = body.rows.length >= total;
    more.textContent = `show ${Math.min(AT_ONCE, total - body.rows.length)} more of ${(total - body.rows.length).toLocaleString("en")}`;
  }

  function row(r, query) {
    const at = { trial: r.trial, session: r.session, exchange: r.exchange, ...(query.get("q") ? { text: query.get("q") } : {}), ...(query.get("dimension") ? { dimension: query.get("dimension") } : {}) };
    const score = (value, digits, kind) => R.el("td", { class: `figure ${kind}` }, value == null ? "–" : R.el("span", { class: "score", "data-level": String(Math.round(value)) }, value.toFixed(digits)));
    const line = (who, text) => R.el("div", { class: "line" }, R.el("b", {}, who), " ", text || "–");
    return R.el("tr", { "data-place": `${r.trial} ${r.session}.${r.exchange}` },
      R.el("td", { class: "at" }, R.el("div", {}, R.el("a", { href: R.link("talk", at) }, `${r.persona} ${r.session}.${r.exchange}`)), R.el("div", {}, R.chip(r.target, head.places[r.target])), R.el("div", { class: "soft" }, r.scenario)),
      R.el("td", { class: "said" }, line("user", r.message), line("reply", r.reply), R.el("div", { class: "marks" }, marks(r))),
      score(r.score, 1, "mean"), r.scores.map((s) => score(s, 0, "dimension")));
  }

  /** What there is to say of an exchange beside its scores, the gravest first. */
  function marks(r) {
    const mark = (kind, text, title) => R.el("span", { class: `mark ${kind}`, title: title }, text);
    const grave = ["worst", "critical_verdict", "left", "false_memory"].filter((name) => r[name]).map((name) => mark("grave", name === "worst" ? "worst" : MARKS[name], MARKS[name]));
    const told = [r.said_before && "repeats", r.cut && "cut off", ...r.flags.map((f) => `flagged: ${plain(f)}`), ...Object.entries(r.found).map(([s, value]) => `${plain(s)}: ${value}`), r.label && `read: ${plain(r.label)}`];
    return [...grave, ...told.filter(Boolean).map((text) => mark("told", text)), r.moves.length > 0 && mark("", r.moves.map(plain).join(", "), "what the reply does")];
  }

  // --- a conversation, alone or beside another ---

  const beside = document.getElementById("beside");
  beside.addEventListener("change", () => {
    const query = R.place().query;
    if (beside.value) query.set("beside", beside.value);
    else query.delete("beside");
    location.hash = R.link("talk", query).slice(1);
  });

  async function showTalk(query) {
    const holder = document.getElementById("talk");
    const whole = await R.talk(query.get("trial"));
    const others = whole.beside.filter((t) => t.target !== whole.target);
    beside.replaceChildren(R.el("option", { value: "" }, "nothing"), ...others.map((t) => R.el("option", { value: t.target }, t.target)));
    beside.value = query.get("beside") || "";
    const talk = R.renderTalk(whole, query);
    const other = others.find((t) => t.target === query.get("beside"));
    holder.classList.toggle("paired", Boolean(other));
    if (other) holder.replaceChildren(...paired(talk, R.renderTalk(await R.talk(other.trial), new URLSearchParams())));
    else holder.replaceChildren(talk);
    const here = holder.querySelector(".here") || holder.querySelector("h2");
    here.scrollIntoView({ block: here.tagName === "H2" ? "start" : "center" });
    here.focus({ preventScroll: true });
  }

  /** Two conversations in rows: what stands at the same place in both stands side by side. */
  function paired(left, right) {
    const parts = (talk) => [...talk.querySelectorAll(":scope > header, :scope > section > *")].map((part) => [placeOf(part), part]);
    const [a, b] = [parts(left), parts(right)];
    const places = [...new Set([...a, ...b].map(([place]) => place))].sort((x, y) => order(x) - order(y));
    return places.map((place) => R.el("div", { class: "pair" }, [a, b].map((side) => R.el("div", {}, side.filter(([p]) => p === place).map(([, part]) => part)))));
  }

  function placeOf(part) {
    if (part.tagName === "HEADER") return "0.0";
    const session = part.parentElement.id.replace("session-", "");
    if (part.dataset.exchange) return `${session}.${part.dataset.exchange}`;
    return part.classList.contains("closing") ? `${session}.999999` : `${session}.0`;
  }

  const order = (place) => place.split(".").reduce((whole, part) => whole * 1e6 + Number(part), 0);

  function step(by) {
    const all = [...document.querySelectorAll("#talk .exchange")];
    const at = all.indexOf(document.activeElement.closest(".exchange"));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "center" });
  }

  function toggle(what) {
    const button = document.querySelector(`[data-toggle=${what}]`);
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    document.getElementById("talk").classList.toggle(`without-${what}`, !on);
  }

  // --- where we are ---

  const VIEWS = { exchanges: showExchanges, talk: showTalk, queue: (query) => R.showQueue(query), figures: (query) => R.showFigures(query) };

  async function show() {
    const { view, query } = R.place();
    const name = VIEWS[view] ? view : "exchanges";
    for (const part of document.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== name;
    for (const tab of document.querySelectorAll("[data-tab]")) {
      if (tab.dataset.tab === name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    try {
      await VIEWS[name](query);
    } catch (error) {
      document.querySelector(`[data-view=${name}]`).append(R.el("p", { class: "warn", role: "alert" }, R.told(error.message)));
    }
    document.documentElement.dataset.shown = location.hash || "#";
  }

  // --- live ---

  let reading = head.progress.reading;
  let wasRunning = head.running;

  function progress(p) {
    const over = p.finished + p.failed;
    const running = p.running ?? head.running;
    // A run that is resumed may have got through by now; with several targets the page must be asked again.
    if (!head.progress.exchanges && p.exchanges) outages.hidden = true;
    // What stopped a run is known when it is over, and forgotten while it goes on.
    if (running !== wasRunning) R.get("").then((now) => tellStops(now.stops));
    wasRunning = running;
    const state = p.reading ? "reading the run … " : running ? "● running · " : "";
    document.getElementById("live").textContent = `${state}${over.toLocaleString("en")} of ${p.trials.toLocaleString("en")} trials · ${p.exchanges.toLocaleString("en")} exchanges`;
  }

  /** What is listed grows while a large run is read for the first time. */
  async function readOn(p) {
    if (!reading) return;
    reading = p.reading;
    refresh([], R.place().query);
    if (reading) return;
    const { choices, stops } = await R.get("");
    tellStops(stops);
    for (const name of ["move", "flag"]) offer(name, choices[name]);
    if (R.place().view === "queue") show();
  }

  const news = new EventSource(api("/live"));
  news.addEventListener("progress", (e) => {
    progress(JSON.parse(e.data));
    readOn(JSON.parse(e.data));
  });
  news.addEventListener("rows", (e) => {
    const rows = JSON.parse(e.data);
    const { view, query } = R.place();
    offer("move", rows.flatMap((r) => r.moves));
    offer("flag", rows.flatMap((r) => r.flags));
    if (view === "talk" && rows.some((r) => r.trial === query.get("trial")) && !document.activeElement.closest(".exchange")) show();
    if (view === "report" || view === "exchanges") refresh(rows, query);
  });

  let due = 0;
  function refresh(rows, query) {
    clearTimeout(due);
    const shown = new Map([...body.rows].map((r) => [r.dataset.place, r]));
    for (const r of rows) {
      const known = shown.get(`${r.trial} ${r.session}.${r.exchange}`);
      if (known) known.replaceWith(row(r, query));
    }
    due = setTimeout(() => {
      const now = R.place();
      if (!["talk", "queue", "figures"].includes(now.view) && !document.querySelector("#exchanges :focus") && body.rows.length <= AT_ONCE) showExchanges(now.query);
    }, 200);
  }

  // --- keys ---

  const KEYS = { j: () => step(1), k: () => step(-1), s: () => toggle("scores"), m: () => toggle("moves"), t: () => R.setTheme(R.theme() === "dark" ? "light" : "dark"),
    "/": () => ((location.hash = "#/exchanges"), setTimeout(() => form.elements.q.focus(), 50)) };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const { view } = R.place();
    if (view === "queue" && R.queueKey(event.key)) return event.preventDefault();
    const act = KEYS[event.key];
    if (!act || ("jksm".includes(event.key) && view !== "talk")) return;
    event.preventDefault();
    act();
  });
  document.querySelectorAll("[data-toggle]").forEach((b) => b.addEventListener("click", () => toggle(b.dataset.toggle)));
  document.getElementById("theme").addEventListener("click", KEYS.t);
  window.addEventListener("hashchange", show);
  progress(head.progress);
  await show();
  document.documentElement.dataset.ready = "true";
})(window.Rapport);
