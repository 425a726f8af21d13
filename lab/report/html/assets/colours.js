// The button that turns a page dark or light, whatever the system says; `d` does the same.
"use strict";

(() => {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const name = () => (button.textContent = dark() ? "Light" : "Dark");
  const turn = () => {
    root.dataset.theme = dark() ? "light" : "dark";
    name();
  };
  button.addEventListener("click", turn);
  system.addEventListener("change", name);
  document.addEventListener("keydown", (event) => {
    if (event.key === "d" && !event.ctrlKey && !event.altKey && !event.metaKey && !event.target.closest("input")) turn();
  });
  name();
})();
