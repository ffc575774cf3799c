// Worst first: one card at a time, the exchange with two before and two after, what speaks against it, and what the reader says it is.
"use strict";

(function (R) {
  const AROUND = 2;
  const KEYS = { b: "target_bug", u: "simulator_fault", r: "rater_fault", f: "fine", d: "duplicate" };
  const FIELDS = { n: "note", s: "id" };
  const plain = (text) => String(text).replaceAll("_", " ");
  let items = [];
  let groups = {};
  let at = 0;

  R.showQueue = async function () {
    const found = await R.get("/triage");
    const place = Math.max(0, Math.min(at, found.items.length - 1));
    const whole = await talkOf(found.items[place]);
    // A run that is still being read shows its queue again: what somebody is typing meanwhile must not go with the card.
    if (document.activeElement.matches("#queue input")) return;
    items = found.items;
    groups = found.groups;
    at = place;
    put(whole);
  };

  /** Whether `key` meant something here. */
  R.queueKey = function (key) {
    if (KEYS[key] && items.length) return label(KEYS[key]), true;
    if (key === "j" || key === "k") return go(key === "j" ? 1 : -1), true;
    const field = document.querySelector(`#queue .card [name=${FIELDS[key]}]`);
    if (field) return field.focus(), true;
    return false;
  };

  function go(by) {
    at = Math.max(0, Math.min(at + by, items.length - 1));
    draw();
  }

  const talkOf = async (item) => item && R.talk(item.trial);

  async function draw() {
    const item = items[at];
    const whole = await talkOf(item);
    if (item === items[at]) put(whole);
  }

  function put(whole) {
    const holder = document.getElementById("queue");
    if (!items.length) return holder.replaceChildren(R.el("p", {}, "Nothing speaks against any exchange."));
    const item = items[at];
    holder.replaceChildren(head(item), excerpt(whole, item), verdict(item), list());
    holder.querySelector("h2").focus({ preventScroll: true });
    // What speaks against it is read first; the exchange follows below.
    holder.querySelector(".queuehead").scrollIntoView({ block: "start" });
  }

  function head(item) {
    const open = items.filter((i) => !i.label).length;
    const link = R.link("talk", { trial: item.trial, session: item.session, exchange: item.exchange });
    return R.el("header", { class: "queuehead" },
      R.el("p", { class: "about" }, `${at + 1} of ${items.length.toLocaleString("en")} · ${open.toLocaleString("en")} not read`,
        R.el("button", { type: "button", click: () => go(-1), disabled: at === 0 }, "k ◂"), R.el("button", { type: "button", click: () => go(1), disabled: at === items.length - 1 }, "▸ j")),
      R.el("h2", { tabindex: "-1" }, item.reasons[0].said),
      R.el("p", {}, item.reasons.slice(1).map((r) => R.el("span", { class: "chip" }, r.said)), R.el("a", { href: link }, `${item.trial}, ${item.session}.${item.exchange}`)),
      groups[item.group] > 1 && R.el("p", { class: "about" }, `${groups[item.group]} alike: ${plain(item.group)}`));
  }

  /** The exchange with what stands around it in its session. */
  function excerpt(whole, item) {
    const talk = R.renderTalk(whole, new URLSearchParams({ session: item.session, exchange: item.exchange, ...(item.dimension ? { dimension: item.dimension } : {}) }));
    const near = [...talk.querySelectorAll(`.exchange[data-session="${item.session}"]`)].filter((e) => Math.abs(Number(e.dataset.exchange) - item.exchange) <= AROUND);
    near.filter((e) => !e.classList.contains("here")).forEach((e) => e.querySelectorAll("details").forEach((d) => (d.open = false)));
    return R.el("article", { class: "talk", "aria-label": "the exchange" }, near);
  }

  function verdict(item) {
    const back = (e) => (e.key === "Escape" || (e.key === "Enter" && e.target.name === "note")) && document.querySelector("#queue h2").focus();
    const note = R.el("input", { name: "note", keydown: back, maxlength: "4000", placeholder: "a note", value: item.note, "aria-label": "note" });
    const name = R.el("input", { name: "id", keydown: back, required: true, pattern: "[a-z0-9][a-z0-9_\\-]*", maxlength: "64", placeholder: "name-of-the-test", "aria-label": "name of the test" });
    const problem = R.el("p", { class: "problem", role: "alert" });
    const buttons = Object.entries(KEYS).map(([key, value]) =>
      R.el("button", { type: "button", "data-label": value, "aria-pressed": String(item.label === value), click: () => label(value) }, `${plain(value)} (${key})`));
    const keep = R.el("form", { class: "keep", submit: (e) => { e.preventDefault(); kept(item, name.value, problem); } }, name, R.el("button", {}, "keep as test"));
    const keys = R.el("p", { class: "keys" }, "j k next, previous · b u r f d say what it is · n note · s keep as test · t light or dark");
    return R.el("div", { class: "card" }, R.el("div", { class: "buttons" }, buttons), R.el("div", { class: "fields" }, note, keep), keys, problem);
  }

  async function label(value) {
    const item = items[at];
    const card = document.querySelector("#queue .card");
    const note = card.querySelector("[name=note]").value;
    const twin = value === "duplicate" ? items.find((i) => i !== item && i.group === item.group && i.label && i.label !== "duplicate") : null;
    try {
      await R.post("/labels", { trial: item.trial, session: item.session, exchange: item.exchange, label: value, note: note, of: twin ? `${twin.trial} ${twin.session}.${twin.exchange}` : "" });
      item.label = value;
      item.note = note;
      const next = items.findIndex((i, n) => n > at && !i.label);
      at = next < 0 ? at : next;
      draw();
    } catch (error) {
      card.querySelector(".problem").textContent = R.visible(error.message);
    }
  }

  async function kept(item, id, problem) {
    try {
      const { path } = await R.post("/keep", { trial: item.trial, session: item.session, exchange: item.exchange, id: id });
      problem.textContent = R.visible(`kept in ${path}`);
    } catch (error) {
      problem.textContent = R.visible(error.message);
    }
  }

  function list() {
    const entries = Object.entries(groups).sort((a, b) => b[1] - a[1]);
    return R.el("details", { class: "folded" }, R.el("summary", {}, `${entries.length} group${entries.length === 1 ? "" : "s"} that look${entries.length === 1 ? "s" : ""} alike`),
      R.el("ul", {}, entries.map(([group, count]) => R.el("li", {}, R.el("button", { type: "button", class: "quiet", click: () => { at = items.findIndex((i) => i.group === group); draw(); } }, `${plain(group)}: ${count}`)))));
  }
})(window.Rapport);
