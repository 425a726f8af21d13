// One frame's decoded fields beside its octets: whatever is pointed at on one side is marked on the other.
"use strict";

(() => {
  const { html } = window.pmtulab;
  const byId = (id) => document.getElementById(id);

  // The page has all frames in one deflated element, which is opened when the first of them is looked at.
  let opened = null;
  const inflate = async () => {
    const deflated = Uint8Array.from(atob(byId("octets").textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  class Pane {
    constructor(bus) {
      this.bus = bus;
      this.pane = byId("frame");
      this.fields = byId("fields");
      this.hex = byId("hex");
      this.wanted = this.number = 0;
      this.back = null; // where the focus was
      bus.addEventListener("select", ({ detail }) => {
        if (detail.frames.length && (detail.open || !this.pane.hidden)) this.show(detail.frames[0], detail.open);
      });
      byId("frame-close").addEventListener("click", () => this.close());
      byId("frame-before").addEventListener("click", () => this.step(-1));
      byId("frame-after").addEventListener("click", () => this.step(1));
      for (const kind of ["pointerover", "focusin", "click"])
        this.pane.addEventListener(kind, (event) => this.pointed(event.target.closest("[data-start]")));
      this.pane.addEventListener("keydown", (event) => this.pressed(event));
      document.addEventListener("keydown", (event) => {
        if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || this.pane.hidden) return;
        if (event.key === "Escape") this.close();
        else if (event.key === ",") this.step(-1);
        else if (event.key === ".") this.step(1);
      });
    }

    async show(number, again) {
      if (!this.pane.hidden && this.number === number && again === "key") return this.enter();
      this.wanted = number;
      opened ??= inflate();
      const all = await opened;
      if (this.wanted !== number || !all.frames[number]) return; // another was asked for meanwhile
      this.numbers ??= Object.keys(all.frames).map(Number).sort((a, b) => a - b);
      this.number = number;
      const [end, sent, time, length, octets, layout, values] = all.frames[number];
      byId("frame-title").textContent = `Frame ${number}`;
      byId("frame-facts").textContent = `${sent ? "sent" : "received"} at ${end} · ${(time / 1e6).toFixed(3)} ms · ${length} octets`;
      this.fill(all.layouts[layout], [...values]);
      this.dump(octets.match(/../g) ?? [], length);
      const at = this.numbers.indexOf(number);
      byId("frame-before").disabled = at === 0;
      byId("frame-after").disabled = at === this.numbers.length - 1;
      this.pane.hidden = false;
      document.body.classList.add("with-frame");
      document.querySelector(".row[aria-current]")?.scrollIntoView({ block: "nearest" }); // the pane may have covered it
    }

    fill(layout, values) {
      this.fields.replaceChildren();
      for (const [title, start, stop, fields] of layout) {
        this.fields.append(this.about(start, stop, "layer", `${title}, ${stop - start} octets`));
        for (const [name, key, first, last] of fields) {
          const value = html("span", { class: "value" }, values.shift());
          this.fields.append(this.about(first, last, "field", html("span", { class: "name" }, name), value, html("code", {}, key)));
        }
      }
      this.fields.firstChild.tabIndex = 0;
    }

    // A button for the octets from `start` to before `stop`.
    about(start, stop, kind, ...words) {
      return html("button", { class: kind, type: "button", tabindex: -1, "data-start": start, "data-stop": stop }, ...words);
    }

    dump(octets, length) {
      const across = document.documentElement.clientWidth < 700 ? 8 : 16;
      this.hex.replaceChildren();
      for (let row = 0; row < octets.length; row += across) {
        const line = html("div", { class: "line" });
        line.append(html("span", { class: "offset" }, row.toString(16).padStart(4, "0")));
        const letters = html("span", { class: "letters" });
        octets.slice(row, row + across).forEach((octet, n) => {
          const code = parseInt(octet, 16);
          const letter = code > 32 && code < 127 ? String.fromCharCode(code) : "·";
          for (const [to, text] of [[line, octet], [letters, letter]])
            to.append(html("span", { class: "octet", "data-start": row + n, "data-stop": row + n + 1 }, text));
        });
        line.append(" ".repeat(3 * Math.max(0, row + across - octets.length)), letters);
        this.hex.append(line);
      }
      const more = length - octets.length;
      if (more > 0) this.hex.append(html("p", { class: "more" }, `… ${more} more octets of payload: they are in capture.pcapng`));
    }

    // Of an octet, the innermost field that it is in; of a field, its octets.
    pointed(element) {
      if (!element) return;
      const octet = Number(element.dataset.start);
      const fields = [...this.fields.children];
      const holding = fields.filter((field) => octet >= field.dataset.start && octet < field.dataset.stop);
      const field = element.parentElement === this.fields ? element : holding.at(-1);
      const [start, stop] = field ? [Number(field.dataset.start), Number(field.dataset.stop)] : [octet, octet + 1];
      for (const each of fields) each.classList.toggle("on", each === field);
      for (const cell of this.hex.querySelectorAll(".octet"))
        cell.classList.toggle("on", cell.dataset.start >= start && cell.dataset.start < stop);
      const other = field === element ? this.hex.querySelector(".on") : field;
      other?.scrollIntoView({ block: "nearest", behavior: "instant" });
    }

    pressed(event) {
      const fields = [...this.fields.children];
      const at = fields.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: fields.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      fields[at].tabIndex = -1;
      const next = fields[Math.max(0, Math.min(fields.length - 1, to))];
      next.tabIndex = 0;
      next.focus();
      event.preventDefault();
    }

    step(by) {
      const next = this.numbers[this.numbers.indexOf(this.number) + by];
      if (next) this.bus.dispatchEvent(new CustomEvent("select", { detail: { frames: [next], from: "frame" } }));
    }

    enter() {
      this.back = document.activeElement;
      this.fields.firstChild.focus();
    }

    close() {
      const inside = this.pane.contains(document.activeElement);
      this.pane.hidden = true;
      document.body.classList.remove("with-frame");
      if (inside) this.back?.focus();
      this.back = null;
    }
  }

  window.pmtulab.frame = (bus) => new Pane(bus);
})();
