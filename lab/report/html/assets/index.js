// The table narrows to what is typed, and to verdicts other than PASS where that is asked for.
"use strict";

(() => {
  const words = document.getElementById("words");
  const trouble = document.getElementById("trouble");
  const narrow = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const section of document.querySelectorAll("section.group")) {
      let left = 0;
      for (const row of section.querySelectorAll("tbody tr")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word)) || (trouble.checked && row.className === "pass");
        left += !row.hidden;
      }
      section.hidden = !left;
    }
  };
  words.addEventListener("input", narrow);
  trouble.addEventListener("change", narrow);
  narrow(); // a browser keeps what was typed before it loaded the page again
})();
