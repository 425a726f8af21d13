// What the drawing scripts share: elements in a line each, and times in words.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});

  const filled = (element, attributes, children) => {
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };
  const svg = (name, attributes = {}, ...children) =>
    filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  const html = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);

  // A time in ns, in three digits: "12.3 µs", "4.56 ms", "1.2 s".
  const timeWords = (ns) => {
    const [unit, size] = Math.abs(ns) < 1e6 ? ["µs", 1e3] : Math.abs(ns) < 1e9 ? ["ms", 1e6] : ["s", 1e9];
    return `${Number((ns / size).toPrecision(3))} ${unit}`.replace("-", "−");
  };

  Object.assign(pmtulab, { svg, html, timeWords });
})();
