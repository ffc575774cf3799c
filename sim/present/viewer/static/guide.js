// The guide: its contents are a menu on a narrow page and stay open beside a wide one.
"use strict";

(function (R) {
  const contents = document.getElementById("contents");
  const narrow = window.matchMedia("(max-width: 48rem)");
  const fit = () => (contents.open = !narrow.matches);
  narrow.addEventListener("change", fit);
  fit();
  document.getElementById("theme").addEventListener("click", () => R.setTheme(R.theme() === "dark" ? "light" : "dark"));
  document.documentElement.dataset.ready = "true";
})(window.Rapport);
