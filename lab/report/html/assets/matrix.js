// Rows narrow down to what is typed, and to trouble where that is asked for; one cell is open at a time, and Escape closes it.
"use strict";

(() => {
  const words = document.getElementById("words");
  const trouble = document.getElementById("trouble");
  const parts = [...document.querySelectorAll("details.rows")];
  const narrow = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const narrowed = wanted.length > 0 || trouble.checked;
    for (const part of parts) {
      const group = part.querySelector("summary b").textContent.toLowerCase();
      let left = 0;
      for (const row of part.querySelectorAll("tbody tr")) {
        const text = `${group} ${row.querySelector("th").textContent.toLowerCase()}`;
        row.hidden = !wanted.every((word) => text.includes(word)) || (trouble.checked && row.className !== "trouble");
        left += !row.hidden;
      }
      part.hidden = !left;
      if (narrowed) part.open = left > 0;
    }
  };
  words.addEventListener("input", narrow);
  trouble.addEventListener("change", narrow);
  if (words.value || trouble.checked) narrow(); // a browser keeps what was typed before it loaded the page again

  const open = () => document.querySelectorAll("td details[open]");
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.open && event.target.closest("td")) for (const other of open()) other.open = other === event.target;
    },
    true, // the event does not bubble
  );
  document.addEventListener("click", (event) => {
    if (!event.target.closest("td details")) for (const other of open()) other.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const other of open()) {
      other.open = false;
      other.querySelector("summary").focus();
    }
  });
})();
