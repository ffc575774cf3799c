// One conversation: what was said when, what each reply did, how it was rated and why, what was told and what was remembered.
"use strict";

(function (R) {
  const LONG = 3000; // Characters of a message beyond which the rest is folded away.
  let words = null; // Names of dimensions, short and whole; colours of moves.

  R.startTalk = function (given) {
    words = given;
  };

  /** The conversation `whole` as an element; `query` says where to stand and what to highlight. */
  R.renderTalk = function (whole, query) {
    const told = [];
    const sessions = whole.sessions.map((s) => session(s, whole, query, told));
    return R.el("article", { class: "talk", "aria-label": `${whole.name} with ${whole.target}` }, heading(whole), sessions);
  };

  function heading(whole) {
    const others = R.trials().filter((t) => t.persona === whole.persona && t.scenario === whole.scenario && t.seed === whole.seed);
    const links = others.map((t) =>
      R.el("a", { class: "chip", href: R.link("talk", { trial: t.trial }), "aria-current": t.target === whole.target ? "true" : null }, t.target));
    return R.el("header", { class: "talkhead" },
      R.el("h2", { tabindex: "-1" }, `${whole.name} with ${whole.target}`),
      R.el("p", { class: "about" }, `${whole.title} (${whole.scenario}) · persona ${whole.persona} · seed ${whole.seed} · ${whole.status}`),
      whole.tested && tested(whole.tested),
      R.el("p", { class: "about" }, liked("This conversation", whole.liked)),
      assessed(whole.scores),
      whole.failure && R.el("p", { class: "warn" }, `Failed: ${whole.failure}`),
      whole.forgotten && R.el("p", { class: "warn" }, "Forgotten: the texts were deleted; each word is shown as ø."),
      R.el("p", { class: "switch" }, "The same person in the same scenario with: ", links));
  }

  /** What the scenario puts to the test: what is asked, what counts as failure, where that comes from, and the duties it bears on. */
  const tested = (lines) =>
    R.el("dl", { class: "tested", "aria-label": "what is put to the test" }, lines.map(([word, text]) => [R.el("dt", {}, word), R.el("dd", {}, text)]));

  /** Likability and fixed set of a conversation or a session, each by the one average of the program. */
  const liked = (what, [likability, fixed]) => `${what}: fixed set ${R.number(fixed)}, all seven dimensions ${R.number(likability)}`;

  function session(s, whole, query, told) {
    const before = told.map(([, text]) => text);
    const exchanges = s.exchanges.map((e) => exchange(e, s, whole, query));
    for (const e of s.exchanges) for (const [fact, text] of e.told || []) remember(told, fact, text);
    const context = [s.situation, s.feels && `Feels ${s.feels}.`, s.event].filter(Boolean).join(" ");
    return R.el("section", { class: "session", id: `session-${s.index}`, "aria-label": `Session ${s.index}` },
      R.el("h3", {}, `Session ${s.index}`, R.el("span", { class: "when" }, s.when)),
      R.el("p", { class: "about" }, liked("This session", s.liked)),
      R.el("p", { class: "situation" }, context),
      before.length > 0 && folded(`told before this session: ${before.length}`, R.el("ul", {}, before.map((t) => R.el("li", {}, t)))),
      exchanges,
      closing(s, whole));
  }

  function remember(told, fact, text) {
    const known = told.find(([f]) => f === fact);
    if (known) known[1] = text;
    else told.push([fact, text]);
  }

  function closing(s, whole) {
    const ends = { logged: "Here its log ends.", maximum: "The scenario's last exchange.", farewell: "The user said goodbye.", left: "The user left without a word.", simulator_failed: "The simulated user had nothing to send." };
    return R.el("div", { class: "closing" },
      s.gone && R.el("p", {}, `Gone: ${s.gone}`),
      s.flags.length > 0 && flags(s.flags),
      discarded(s.discarded),
      R.el("p", {}, s.ending ? ends[s.ending] : "Not closed yet."),
      assessed(s.scores),
      R.el("div", { class: "verdict" }, Object.entries(s.criterion).map(([rater, answers]) => looks(rater, answers))),
      (s.probes || []).length > 0 && folded(`memory probes: ${s.probes.filter((p) => p.right).length} of ${s.probes.length} right`, probes(s.probes)),
      (s.forms || []).length > 0 && questionnaires(s.forms),
      s.memory.length > 0 && folded(`what ${whole.target} had in memory`, s.memory.map(([step, text]) => R.el("div", {}, R.el("h4", {}, step), message(text)))));
  }

  /** Sheets that were put to a copy of the target once the session was over: each statement with its answer, and what the target wrote. */
  function questionnaires(forms) {
    const answers = forms.flatMap(([, statements]) => statements);
    const none = answers.filter(([, answer]) => answer == null).length;
    const titles = [...new Set(forms.map(([title]) => title))].join(", ");
    const count = `${answers.length - none} of ${answers.length} answered`;
    return folded(`questionnaire, put to a copy (${titles}): ${count}`, R.el("ul", { class: "forms" }, forms.map(sheet)));
  }

  const VARIED = { order: "options turned round", wording: "in other words", again: "just so again" };

  const sheet = ([, statements, varied, reply]) => R.el("li", {}, varied && R.el("span", { class: "tag" }, VARIED[varied] || varied),
    statements.map(([text, answer]) => R.el("div", { class: answer == null ? "unread" : null }, `${text} `, R.el("b", {}, answer == null ? "no answer" : answer))),
    R.el("q", { dir: "auto" }, reply || "(nothing)"));

  const looks = (rater, answers) => answers.map(([name, value, reason]) =>
    R.el("p", {}, R.el("b", {}, `${words.labels[name] || name} ${value}`), rater === "self" ? " " : ` (${rater}) `, reason));

  const probes = (given) => R.el("ul", { class: "probes" }, given.map((p) =>
    R.el("li", { class: p.right == null ? null : p.right ? "right" : "wrong" }, R.el("b", {}, `${p.kind}, ${p.verdict}`), ` ${since(p)} ${p.question}`, R.el("q", { dir: "auto" }, p.answer), fate(p))));

  const since = (p) => (p.kind === "abstention" ? "(never told)" : `(${p.fact}, told in session ${p.told}, ${p.delay} days before)`);

  function fate(p) {
    if (p.written == null) return null;
    return R.el("span", { class: "note" }, !p.written ? "It was not in memory." : p.retrieved === false ? "It was in memory and not before the model." : "It was before the model.");
  }

  /** What a reasoning model thought before it spoke: there for whoever wants to look, and no part of the talk. */
  function thought(of) {
    return of && folded(of[1] == null ? "thought" : `thought, ${of[1].toLocaleString("en")} tokens`, R.el("p", { class: "note thought" }, of[0]));
  }

  function exchange(e, s, whole, query) {
    const here = Number(query.get("session")) === s.index && Number(query.get("exchange")) === e.index;
    const id = `at-${s.index}-${e.index}`;
    const link = R.link("talk", { trial: whole.trial, session: s.index, exchange: e.index });
    const ratings = e.ratings || {};
    const primary = ratings[whole.rater] || [];
    return R.el("div", { class: here ? "exchange here" : "exchange", id: id, tabindex: "-1", "data-session": s.index, "data-exchange": e.index },
      R.el("a", { class: "place", href: link, title: "link to this exchange", "aria-label": `session ${s.index}, exchange ${e.index}` }, `${s.index}.${e.index}`),
      said("user", whole.name, e.user, [], [], query, notes(e)),
      thought(e.user_thought),
      e.tools && used(e.tools),
      e.reply == null
        ? R.el("p", { class: "warn" }, "Not answered yet.")
        : said("target", whole.target, e.reply, e.sentences || [], quotes(primary), query, e.cut && R.el("p", { class: "warn" }, "Cut off: the reply reached its limit of length and stops here.")),
      thought(e.thought),
      e.reply != null && R.el("div", { class: "verdict" }, judged(e, whole, primary, query)),
      e.said && R.el("p", { class: "note repeats" }, e.said),
      assessed(e.scores),
      e.leave && R.el("p", { class: "note" }, `Takes leave: ${e.why || ""}`),
      e.resent && R.el("p", { class: "note" }, "The message may have reached the target twice."),
      e.flags && flags(e.flags),
      discarded(e.discarded),
      e.stress && R.el("p", { class: "note" }, `Disturbed by ${e.stress[0]}${e.stress[1] == null ? "" : `; written: ${e.stress[1]}`}`),
      (e.labels || []).map(([label, note]) => R.el("p", { class: "note" }, `Labelled ${label.replaceAll("_", " ")}: ${note}`)));
  }

  /** What the study's own scorers found, a line each. */
  const assessed = (scores) => (scores || []).map(([scorer, value, reason]) => R.el("p", { class: "note assessed" }, R.el("b", {}, `${scorer.replaceAll("_", " ")} ${value}`), reason && ` ${reason}`));

  function notes(e) {
    const told = (e.told || []).map(([fact, text, core]) => R.el("span", { class: "fact", title: text }, `tells ${fact}${core ? "" : " (unprompted)"}`));
    const declared = [e.mood && `mood: ${e.mood}`, e.allusion && `alludes to: ${e.allusion}`, e.humour && `bids for humor: ${e.humour}`, e.scripted && "scripted"];
    return R.el("p", { class: "declared" }, told, declared.filter(Boolean).map((t) => R.el("span", {}, t)));
  }

  /** What the target says it did for its reply, folded away. */
  function used(tools) {
    const named = tools.slice(0, 5).map(([name]) => name || "(not named)").join(", ") + (tools.length > 5 ? ` and ${tools.length - 5} more` : "");
    const part = (what, text) => R.el("div", {}, R.el("span", { class: "note" }, what), message(text));
    return folded(`tools used: ${named}`, R.el("ol", { class: "tools" }, tools.map(([name, given, came]) =>
      R.el("li", {}, R.el("b", {}, name || "(not named)"), given && part("given", given), came != null && part("came back", came)))));
  }

  /** Drafts of the user's message that were never sent, and why. */
  const discarded = (drafts) => (drafts || []).map(([text, why]) => R.el("p", { class: "flag" }, why ? `discarded (${why}): ${text || "(nothing)"}` : "discarded: a draft that the version which made the run did not keep"));

  const flags = (given) => given.map(([kind, severity, evidence]) => R.el("p", { class: "flag" }, `${kind.replaceAll("_", " ")} (${severity}): ${evidence}`));

  // --- a message, with the sentences' moves and the raters' quotes ---

  function said(role, who, text, sentences, marks, query, below) {
    return R.el("div", { class: `said ${role}` }, R.el("div", { class: "who" }, who), R.el("div", { class: "what" }, message(text, sentences, marks, query), below));
  }

  function message(text, sentences = [], marks = [], query = null) {
    const holder = R.el("div", { class: "text", dir: "auto" });
    const draw = (upto) => holder.replaceChildren(...pieces(text.slice(0, upto), sentences, marks, (query && query.get("text")) || ""));
    if (text.length <= LONG) draw(text.length);
    else {
      draw(LONG);
      const rest = R.el("button", { type: "button", click: () => { draw(text.length); rest.remove(); } }, `show all ${text.length.toLocaleString("en")} characters`);
      return R.el("div", {}, holder, rest);
    }
    return holder;
  }

  /** The text cut wherever a sentence, a quote or a searched word begins or ends. */
  function pieces(text, sentences, marks, search) {
    const spans = [];
    let from = 0;
    for (const [sentence, moves] of sentences) {
      const at = text.indexOf(sentence, from);
      if (at < 0) continue;
      spans.push({ start: at, end: at + sentence.length, moves });
      from = at + sentence.length;
    }
    const quoted = marks.map(([dimension, quote]) => ({ ...find(text, quote), dimension })).filter((q) => q.start >= 0);
    const sought = search ? all(text, search) : [];
    const cuts = [...new Set([0, text.length, ...[...spans, ...quoted, ...sought].flatMap((s) => [s.start, s.end])])].sort((a, b) => a - b);
    const made = [];
    let open = null;
    for (let i = 0; i + 1 < cuts.length; i++) {
      const [start, end] = [cuts[i], cuts[i + 1]];
      const within = (s) => s.start <= start && end <= s.end;
      const sentence = spans.find(within) || null;
      const dimensions = quoted.filter(within).map((q) => q.dimension);
      let piece = document.createTextNode(R.visible(text.slice(start, end)));
      if (dimensions.length) piece = R.el("mark", { title: "quoted for " + dimensions.map((d) => words.labels[d] || d).join(", "), "data-dimensions": dimensions.join(" ") }, piece);
      if (sought.some(within)) piece = R.el("mark", { class: "sought" }, piece);
      if (sentence) {
        if (!open || open.sentence !== sentence) made.push((open = { sentence, element: R.el("span", { class: sentence.moves.length ? "sentence" : null }) }).element);
        open.element.append(piece);
        if (end === sentence.end && sentence.moves.length) finish(open.element, sentence.moves);
      } else {
        open = null;
        made.push(piece);
      }
    }
    return made;
  }

  function finish(element, moves) {
    element.style.setProperty("--move", `var(--move-${words.moves.indexOf(moves[0]) % 11})`);
    element.append(R.el("span", { class: "moves" }, moves.map((m) => m.replaceAll("_", " ")).join(", ")));
  }

  const quotes = (ratings) => ratings.filter((r) => (r[3] || [])[0] === "quote").map((r) => [r[0], r[3][1]]);

  /** Where `quote` stands in `text`, case, quote marks and spaces aside; start −1 where it does not. */
  function find(text, quote) {
    const plain = (t) => t.toLowerCase().replace(/[‘’]/g, "'").replace(/[“”]/g, '"').replace(/\s/g, " ");
    const start = plain(text).indexOf(plain(quote).trim());
    return { start, end: start + quote.trim().length };
  }

  function all(text, search) {
    const found = [];
    const [within, wanted] = [text.toLowerCase(), search.toLowerCase().trim()];
    for (let at = within.indexOf(wanted); at >= 0 && wanted; at = within.indexOf(wanted, at + wanted.length)) found.push({ start: at, end: at + wanted.length });
    return found;
  }

  // --- ratings ---

  function judged(e, whole, primary, query) {
    if (!primary.length) return R.el("p", { class: "note" }, "Ratings absent.");
    const others = Object.entries(e.ratings).filter(([rater]) => rater !== whole.rater);
    const row = R.el("div", { class: "scores", role: "list", "aria-label": "ratings" }, primary.map((r) => score(r, query)));
    const reasons = R.el("dl", {}, primary.filter((r) => r[1] !== "n.a.").flatMap(reason));
    const beside = others.map(([rater, of]) => R.el("p", { class: "other" }, R.el("b", {}, rater), " ", of.map((r) => `${words.short[r[0]] || r[0]} ${r[1]}`).join("  ")));
    return [row, folded("reasons" + (others.length ? " and other raters" : ""), [reasons, ...beside], Boolean(query.get("dimension")))];
  }

  function score(r, query) {
    const [name, value] = r;
    const level = typeof value === "number" ? String(value) : "none";
    return R.el("span", { role: "listitem", class: "score", "data-level": level, "data-chosen": query.get("dimension") === name, title: words.labels[name] },
      `${words.short[name]} `, R.el("b", {}, value === "n.a." ? "–" : value === "unscored" ? "?" : String(value)));
  }

  function reason([name, value, why, evidence = [], ...notes]) {
    const shown = evidence[0] === "measure" ? `${evidence[1]} words to ${evidence[2]}` : evidence[1];
    const kind = evidence[0] === "absence" ? "not taken up: " : evidence[0] === "quote" && !evidence[2] ? "quote not found: " : "";
    return [R.el("dt", {}, `${words.labels[name] || name} ${value}`, notes.map((n) => R.el("span", { class: "tag" }, n))),
      R.el("dd", {}, why, shown && R.el("q", { dir: "auto" }, kind + shown))];
  }

  function folded(summary, content, open = false) {
    return R.el("details", { class: "folded", open: open }, R.el("summary", {}, summary), content);
  }
})(window.Rapport);
