// Tables: sorted by a click or a key on a heading.
"use strict";

(function (R) {
  /** Give every heading of `table` a button that sorts by it; `data-value` of a cell goes before its text. */
  R.sortable = function (table) {
    [...table.tHead.rows[0].cells].forEach((heading, at) => {
      const button = R.el("button", { type: "button", class: "sort", click: () => sort(table, heading, at) });
      button.append(...heading.childNodes);
      heading.append(button);
    });
  };

  function sort(table, heading, at) {
    const down = heading.getAttribute("aria-sort") === "ascending" || (heading.classList.contains("figure") && !heading.hasAttribute("aria-sort"));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [key(row.cells[at]), row]);
    rows.sort(([a], [b]) => compare(a, b) * (down ? -1 : 1));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  function key(cell) {
    const value = cell.dataset.value;
    return value === undefined ? cell.textContent.trim() : Number(value);
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? 1 : -1;
    return a.localeCompare(b);
  }
})(window.Rapport);
