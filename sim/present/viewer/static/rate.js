// The page for people who rate or chat: it shows one step at a time, as the viewer says which, and sends what was chosen.
"use strict";

(function (R) {
  const WORDS = ["Very poor", "Poor", "Adequate", "Good", "Excellent"];
  const main = document.getElementById("main");
  let shown = "";

  // --- asking and sending ---

  async function ask(path, body) {
    const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(path, options);
    const text = await answer.text();
    let found;
    try {
      found = JSON.parse(text);
    } catch {
      throw new Error(text);
    }
    if (!answer.ok) throw new Error(found.problem);
    return found;
  }

  async function send(path, body, form) {
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    const buttons = form.querySelectorAll("button");
    const problem = form.querySelector(".problem");
    buttons.forEach((b) => (b.disabled = true));
    if (problem) problem.textContent = "";
    try {
      show(await ask(path, body));
    } catch (error) {
      if (problem) problem.textContent = R.visible(error.message);
    } finally {
      form.ariaBusy = "false";
      buttons.forEach((b) => (b.disabled = false));
    }
  }

  async function load() {
    try {
      show(await ask("/rate/state"));
    } catch (error) {
      main.replaceChildren(R.el("p", { class: "warn" }, error.message), R.el("button", { type: "button", click: load }, "Try again"));
    }
  }

  // --- steps ---

  function show(state) {
    if (state.title) document.title = document.getElementById("title").textContent = R.visible(state.title);
    document.getElementById("progress").textContent = state.conversations ? `Conversation ${state.conversation} of ${state.conversations}` : "";
    const now = JSON.stringify(state);
    if (state.step === "chat" && !state.asks.length) wait();
    else if (now !== shown) {
      shown = now;
      main.replaceChildren(...[steps[state.step](state)].flat().filter(Boolean));
      foot(state);
      const first = main.querySelector("[data-first]") || main;
      first.focus({ preventScroll: true });
      const here = main.querySelector(".exchange.here");
      if (here) here.scrollIntoView({ block: "start" });
      else window.scrollTo(0, 0);
      document.documentElement.dataset.shown = String(1 + Number(document.documentElement.dataset.shown || 0));
    }
  }

  /** Nothing is asked for yet, as the chatbot has not answered: what was said stays, and we ask again. */
  function wait() {
    shown = "";
    if (!main.querySelector(".waiting")) {
      main.querySelectorAll("form").forEach((f) => f.remove());
      main.append(R.el("p", { class: "waiting", role: "status" }, "The chatbot is writing …"));
    }
    load();
  }

  function consent(state) {
    const back = R.el("form", { class: "card", submit: (e) => { e.preventDefault(); send("/rate/back", { code: back.elements.code.value }, back); } },
      R.el("label", {}, "You were here before? Your code: ", R.el("input", { name: "code", autocomplete: "off", size: "12" })), R.el("button", {}, "Go on"), problem());
    const agree = R.el("form", { class: "card", submit: (e) => { e.preventDefault(); send("/rate/consent", {}, agree); } },
      paragraphs(state.text), R.el("button", { class: "main", "data-first": "" }, "I have read this and agree"), problem());
    return [agree, back];
  }

  const full = (state) => [R.el("p", { class: "card" }, "Everybody who was awaited has come. Thank you for your interest."), consent(state)[1]];

  function form(state) {
    const made = R.el("form", { class: "card", submit: (e) => { e.preventDefault(); send("/rate/form", { form: state.form, answers: answers(made, state.questions) }, made); } },
      state.questions.map(question), R.el("button", { class: "main" }, "Go on"), problem());
    return made;
  }

  function question(q) {
    if (q.text) {
      const field = q.text === "line" ? R.el("input", { name: q.id, maxlength: "4000" }) : R.el("textarea", { name: q.id, rows: "4", maxlength: "4000" });
      return R.el("label", { class: "question" }, R.el("span", {}, q.ask), field);
    }
    const options = q.choices ? q.choices.map((c) => [c, c]) : Array.from({ length: q.points }, (_, i) => [String(i + 1), ends(q, i)]);
    return R.el("fieldset", { class: q.choices ? "question" : "question scale" }, R.el("legend", {}, q.ask),
      options.map(([value, label]) => R.el("label", {}, R.el("input", { type: "radio", name: q.id, value: value, required: true }), label)));
  }

  const ends = (q, i) => (i === 0 ? `1 ${q.scale[0]}` : i === q.points - 1 ? `${i + 1} ${q.scale[1]}` : String(i + 1));

  function answers(made, questions) {
    const given = new FormData(made);
    return Object.fromEntries(questions.map((q) => [q.id, q.scale ? Number(given.get(q.id)) : given.get(q.id)]));
  }

  function read(state) {
    const lines = [...state.lines];
    const asked = state.check;
    if (asked) lines.splice(3, 0, { id: "check", label: "attention", question: `To show that you read every line, choose “${WORDS[asked - 1]}” in this one.`, na: false });
    const sent = (given) => ({ item: state.item, exchange: state.exchange, ratings: given.ratings, ...(asked ? { check: given.check } : {}) });
    return [scene(state, false), talk(state.talk, state.scene.name, true), state.tools.length > 0 && used(state.tools), rating(lines, "How was this last reply? Answer as this person would.", sent)];
  }

  function chat(state) {
    const parts = [scene(state, true), talk(state.talk, "You", state.asks.includes("ratings"))];
    if (state.lines) parts.push(rating(state.lines, "How was this reply for you?", (given) => ({ ratings: given.ratings })));
    else if (state.criterion) parts.push(rating(state.criterion, "Looking back on this talk", (given) => ({ criterion: given.ratings })));
    else parts.push(writing(state.message));
    return parts;
  }

  function writing(wish) {
    const text = R.el("textarea", { name: "message", rows: "3", maxlength: "6000", required: true, "data-first": "", "aria-label": "your message", dir: "auto" });
    const post = (leave) => send("/rate/work", { message: text.value, leave: leave }, made);
    const made = R.el("form", { class: "card write", submit: (e) => { e.preventDefault(); post(false); } },
      wish.tell.length > 0 && R.el("p", {}, "Please work this into your message: ", wish.tell.map((t) => R.el("q", {}, t))),
      wish.last && R.el("p", {}, "This is your last message today; take your leave in it."),
      text, R.el("div", { class: "buttons" }, R.el("button", { class: "main" }, "Send"),
        wish.may_leave && R.el("button", { type: "button", click: () => { if (made.reportValidity()) post(true); } }, "Send and say goodbye")), problem());
    text.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); made.requestSubmit(); } });
    return made;
  }

  function rating(lines, title, sent) {
    const made = R.el("form", { class: "card rating", submit: (e) => { e.preventDefault(); send("/rate/work", sent(chosen(made, lines)), made); } },
      R.el("h2", { tabindex: "-1", "data-first": "" }, title), lines.map(line), R.el("button", { class: "main" }, "Go on"), problem());
    return made;
  }

  function line(l) {
    const options = WORDS.map((word, i) => [String(i + 1), word]);
    if (l.na) options.push(["na", "does not apply"]);
    return R.el("fieldset", { class: "line", "data-line": l.id }, R.el("legend", {}, R.el("b", {}, l.label), " ", l.question),
      R.el("div", { class: "choices" }, options.map(([value, word]) =>
        R.el("label", { class: value === "na" ? "na" : null }, R.el("input", { type: "radio", name: l.id, value: value, required: true }), word))));
  }

  function chosen(made, lines) {
    const given = new FormData(made);
    const value = (id) => (given.get(id) === "na" ? "na" : Number(given.get(id)));
    return { ratings: Object.fromEntries(lines.filter((l) => l.id !== "check").map((l) => [l.id, value(l.id)])), check: given.has("check") ? value("check") : null };
  }

  const done = (state) => R.el("div", { class: "card" }, R.el("h2", { tabindex: "-1", "data-first": "" }, "Thank you."),
    R.el("p", {}, "That was all. Your code is ", R.el("code", {}, state.code), ": with it, all that you have given can be deleted later."));

  const withdrawn = (state) => R.el("div", { class: "card" }, R.el("h2", { tabindex: "-1", "data-first": "" }, "Everything you gave is deleted."),
    R.el("p", {}, `${state.deleted} entries are gone. Thank you all the same.`));

  // --- what is shown of a conversation ---

  function scene(state, own) {
    const s = state.scene;
    const lines = [[own ? "You are" : "The person", own && s.name === "You" ? "" : `${s.name}. `, s.about], ["When", "", s.when], ["Situation", "", s.situation],
      s.event && ["What happened", "", s.event], s.feels !== "as you do" && ["Mood", "", s.feels], own && s.aims.length > 0 && ["You mean to", "", s.aims.join("; ")]];
    const earlier = state.earlier.map((t) => R.el("details", { class: "folded" }, R.el("summary", {}, `Earlier talk, ${t.when}`), talk(t.turns, s.name, false)));
    return R.el("aside", { class: "card scene", "aria-label": "the situation" },
      R.el("dl", {}, lines.filter(Boolean).flatMap(([name, lead, text]) => [R.el("dt", {}, name), R.el("dd", {}, lead, text)])), earlier);
  }

  function talk(turns, name, last) {
    const bubble = (role, who, text) => R.el("div", { class: `said ${role}` }, R.el("div", { class: "who" }, who), R.el("div", { class: "what" }, R.el("div", { class: "text", dir: "auto" }, text)));
    return turns.length > 0 && R.el("section", { class: "talk", "aria-label": "the talk so far" }, turns.map((t, i) =>
      R.el("div", { class: last && i === turns.length - 1 ? "exchange here" : "exchange" }, bubble("user", name, t.user), bubble("target", "Chatbot", t.reply))));
  }

  /** What the chatbot says it did for its last reply; the person it talked with saw nothing of it. */
  const used = (tools) => R.el("section", { class: "card tools", "aria-label": "tools used" }, R.el("p", {}, "For this reply it says it used these tools. The person saw nothing of that."),
    R.el("ol", {}, tools.map(([name, given, came]) => R.el("li", {}, R.el("b", {}, name || "(not named)"), ` ${given}`, came != null && R.el("div", {}, `→ ${came}`)))));

  const paragraphs = (text) => text.split(/\n\s*\n/).map((p) => R.el("p", {}, p.trim()));
  const problem = () => R.el("p", { class: "problem", role: "alert" });

  function foot(state) {
    const bottom = document.getElementById("foot");
    if (!state.code) return bottom.replaceChildren();
    const sure = R.el("form", { hidden: true, submit: (e) => { e.preventDefault(); send("/rate/withdraw", {}, sure); } },
      "Delete everything you have given, for good? ", R.el("button", {}, "Yes, delete it"), problem());
    const wish = R.el("button", { type: "button", class: "quiet", "aria-expanded": "false", click: () => { sure.hidden = !sure.hidden; wish.setAttribute("aria-expanded", String(!sure.hidden)); } }, "Withdraw");
    bottom.replaceChildren(R.el("p", {}, "Your code: ", R.el("code", {}, state.code), " · ", wish), sure);
  }

  const steps = { consent, full, form, read, chat, done, withdrawn };
  load();
})(window.Rapport);
