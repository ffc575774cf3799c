// What every part of the page uses. Texts of models and people become text nodes, never markup.
"use strict";
window.Rapport = {};

(function (R) {
  const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

  /** `text` with control and bidirectional override characters made visible: they cannot reorder the page. */
  R.visible = (text) => String(text).replace(/\r\n/g, "\n").replace(CONTROL, (c) => "\\x" + c.charCodeAt(0).toString(16).padStart(2, "0"));

  /** An element with attributes and children; strings among the children become text. */
  R.el = function (tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === false || value == null) continue;
      if (typeof value === "function") made.addEventListener(name, value);
      else if (name === "class") made.className = value;
      else made.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) {
      if (child == null || child === false) continue;
      made.append(typeof child === "object" ? child : R.visible(child));
    }
    return made;
  };

  const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

  /** A target's name with its colour before it. */
  R.chip = (name, colour) => (colour == null ? name : R.el("span", { class: "target", "data-colour": String(colour) }, name));

  /** A sentence of ours: what is between backticks as code, and the names in `colours` with their colour. */
  R.told = function (text, colours = {}) {
    const names = Object.keys(colours).sort((a, b) => b.length - a.length).map(quoted).join("|");
    const name = names && new RegExp(`(?<![\\w./:-])(${names})(?![\\w/-]|[.:]\\w)`);
    return text.split(/`([^`]*)`/).map((part, i) => {
      if (i % 2) return R.el("code", {}, part);
      return name ? part.split(name).map((piece, j) => (j % 2 ? R.chip(piece, colours[piece]) : piece)) : part;
    });
  };

  /** The JSON in a data block of the page. */
  R.data = (id) => JSON.parse(document.getElementById(id).textContent);

  /** JSON from base64 of gzip. */
  R.unpack = async function (packed) {
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };

  /** Where the page is: `#/talk?trial=…` becomes its view and what follows. */
  R.place = function () {
    const hash = location.hash.slice(1);
    if (!hash.startsWith("/")) return { view: "report", anchor: hash, query: new URLSearchParams() };
    const [view, query] = hash.slice(1).split("?");
    return { view: view, anchor: "", query: new URLSearchParams(query || "") };
  };

  R.link = (view, query) => "#/" + view + "?" + new URLSearchParams(query).toString();

  R.number = (value, digits = 2) => (value == null ? "–" : value.toFixed(digits));

  // What opens the viewer is in a cookie from here on, and need not stand in the address, to be copied or seen over a shoulder.
  if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname + location.hash);

  // --- light and dark ---

  const wish = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  R.theme = () => (root.dataset.theme === "dark" || (root.dataset.theme !== "light" && wish.matches) ? "dark" : "light");

  const changed = () => document.dispatchEvent(new Event("theme"));
  wish.addEventListener("change", changed);

  /** Light, dark, or as the system says. */
  R.setTheme = function (name) {
    root.dataset.theme = name;
    try {
      localStorage.setItem("rapport-theme", name);
    } catch {
      // A page from disk may not keep anything; the choice then lasts as long as the page.
    }
    changed();
  };

  try {
    root.dataset.theme = localStorage.getItem("rapport-theme") || "auto";
  } catch {
    root.dataset.theme = "auto";
  }

  // A long name of a run wraps the heading at the top; what sticks below it has to know how high that is.
  const top = document.querySelector(".top");
  if (top) new ResizeObserver(() => document.documentElement.style.setProperty("--top", `${top.offsetHeight}px`)).observe(top);
})(window.Rapport);
