// What holds a report together: the run's data, the bus between the views, selection, colours and keys.
//
// Views are functions (element, run, bus) that other scripts put into window.pmtulab. The bus carries three events, whose detail
// says who sent them in `from`: `select` {frames: [n, ...]}, `time` {act, t} (t in nanoseconds since the act began), and
// `act` {act}. A view shows what the others select, and selects nothing in answer.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});
  const run = JSON.parse(document.getElementById("run").textContent);
  const bus = new EventTarget();
  Object.assign(pmtulab, { run, bus });

  const send = (kind, detail) => bus.dispatchEvent(new CustomEvent(kind, { detail }));

  // "2,14-23" as numbers.
  const numbers = (runs) =>
    runs.split(",").flatMap((part) => {
      const [low, high = low] = part.split("-").map(Number);
      return Array.from({ length: high - low + 1 }, (_, i) => low + i);
    });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-frames]");
    if (!link) return;
    event.preventDefault();
    send("select", { frames: numbers(link.dataset.frames), from: "claims" });
  });

  // Of one frame, the claims that cite it.
  const citing = [...document.querySelectorAll(".claims tbody tr")].map((row) => [
    row,
    new Set([...row.querySelectorAll("[data-frames]")].flatMap((link) => numbers(link.dataset.frames))),
  ]);
  bus.addEventListener("select", ({ detail: { frames } }) => {
    for (const [row, cited] of citing) {
      if (frames.length === 1 && cited.has(frames[0])) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  });

  for (const element of document.querySelectorAll("[data-view]")) {
    const view = pmtulab[element.dataset.view];
    if (view) view(element, run, bus);
    const section = element.closest("section");
    if (section.id === element.dataset.view && !element.firstChild) {
      section.hidden = true;
      document.querySelector(`nav a[href="#${section.id}"]`).hidden = true;
    }
  }

  pmtulab.frame(bus);

  const keys = document.getElementById("keys");
  document.getElementById("help").addEventListener("click", () => keys.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || keys.open) return;
    if (event.key === "?") keys.showModal();
    else if (event.key === "0") scrollTo(0, 0);
    else if (/^[1-9]$/.test(event.key)) document.getElementById(`act-${event.key}`)?.scrollIntoView();
  });

  // The part that is being read is marked in the bar.
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) links.get(target.id)?.setAttribute("aria-current", "location");
        else links.get(target.id)?.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-30% 0px -69% 0px" },
  );
  for (const section of document.querySelectorAll("section[id]")) seen.observe(section);
})();
