// Theme and contrast, set before the first paint: loaded by a blocking <script> in the head.
// A choice is kept in localStorage; "system" (or none) follows the system. ?theme=dark and ?contrast=high show a set
// without choosing it.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = matchMedia("(prefers-color-scheme: dark)");
  var query = new URLSearchParams(location.search);
  var kept = function (key) {
    try { return localStorage.getItem(key); } catch (e) { return null; }
  };
  var keep = function (key, value) {
    try { value ? localStorage.setItem(key, value) : localStorage.removeItem(key); } catch (e) { /* private mode */ }
  };
  var theme = query.get("theme") || kept("arctiv-theme") || "system";
  var contrast = query.get("contrast") || kept("arctiv-contrast");

  function apply() {
    var isDark = theme === "dark" || (theme !== "light" && dark.matches);
    root.classList.toggle("dark", isDark);
    root.classList.toggle("contrast", contrast === "high");
    document.querySelectorAll("[data-theme-set]").forEach(function (button) {
      if (button.dataset.themeSet !== "toggle") button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    });
    document.querySelectorAll("[data-contrast-toggle]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(contrast === "high"));
    });
  }

  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  // Another tab chose.
  addEventListener("storage", function (event) {
    if (event.key === "arctiv-theme") theme = event.newValue || "system";
    else if (event.key === "arctiv-contrast") contrast = event.newValue;
    else return;
    apply();
  });
  document.addEventListener("click", function (event) {
    var target = event.target instanceof Element ? event.target : null;
    var set = target && target.closest("[data-theme-set]");
    var toggle = target && target.closest("[data-contrast-toggle]");
    if (set) {
      theme = set.dataset.themeSet === "toggle" ? (root.classList.contains("dark") ? "light" : "dark") : set.dataset.themeSet;
      keep("arctiv-theme", theme === "system" ? null : theme);
    } else if (toggle) {
      contrast = contrast === "high" ? null : "high";
      keep("arctiv-contrast", contrast);
    } else {
      return;
    }
    apply();
  });
})();
