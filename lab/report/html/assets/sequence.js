// The sequence diagram of one act: a lifeline for each node, an arrow for each link that a packet crosses, time goes down.
//
// Rows that look alike are folded into one until somebody unfolds them. A row is a tree item for the keyboard and for screen
// readers; its frames are those of its arrows, in order.
"use strict";

(() => {
  const { svg, html } = window.pmtulab;
  const milliseconds = (t) => (t / 1e6).toFixed(3).replace("-", "−");

  class Sequence {
    constructor(element, run, bus) {
      this.run = run;
      this.bus = bus;
      this.act = Number(element.dataset.act);
      this.groups = run.acts[this.act].sequence;
      this.rows = new Map(); // by frame: its row, and the group that it is folded into
      this.tree = html("div", { class: "rows", role: "tree", "aria-label": `Frames of act ${this.act + 1}` });
      element.append(this.head(), this.tree);
      this.groups.forEach((group, number) => this.tree.append(this.folded(group, number)));
      this.focusable = this.tree.firstChild;
      if (this.focusable) this.focusable.tabIndex = 0;
      const folds = this.groups.some((group) => group.rows.length > 1);
      if (folds) element.before(this.unfolder());
      this.tree.addEventListener("click", (event) => this.clicked(event));
      this.tree.addEventListener("keydown", (event) => this.pressed(event));
      bus.addEventListener("select", ({ detail }) => this.select(detail));
      bus.addEventListener("time", ({ detail }) => this.now(detail));
    }

    unfolder() {
      const turn = () => {
        const open = button.textContent === "Unfold all";
        button.textContent = open ? "Fold" : "Unfold all";
        for (const head of [...this.tree.querySelectorAll("[aria-expanded]")]) this.unfold(head, open);
      };
      const button = html("button", { class: "unfold", type: "button", onclick: turn }, "Unfold all");
      return button;
    }

    // Where node number `n` stands, in percent of the width.
    x(n) {
      return `${((n + 0.5) / this.run.nodes.length) * 100}%`;
    }

    middle(a, b) {
      return `${((a + b + 1) / 2 / this.run.nodes.length) * 100}%`;
    }

    head() {
      const picture = svg("svg");
      const elsewhere = []; // links between nodes that do not stand side by side
      for (const [a, b, mtuA, mtuB] of this.run.links) {
        const words = mtuA === mtuB ? `${mtuA}` : a < b ? `${mtuA}/${mtuB}` : `${mtuB}/${mtuA}`;
        if (Math.abs(a - b) > 1) {
          elsewhere.push(`${this.run.nodes[Math.min(a, b)]}–${this.run.nodes[Math.max(a, b)]} ${words}`);
          continue;
        }
        picture.append(svg("line", { class: "link", x1: this.x(a), x2: this.x(b), y1: "72%", y2: "72%" }));
        picture.append(svg("text", { class: "mtu", x: this.middle(a, b), y: "58%" }, words));
      }
      this.run.nodes.forEach((name, n) => {
        picture.append(svg("circle", { class: "node", cx: this.x(n), cy: "72%", r: 4 }));
        picture.append(svg("text", { class: "name", x: this.x(n), y: "26%" }, name));
      });
      return html("div", { class: "row head", "aria-hidden": "true" },
        html("span", { class: "time" }, "ms"),
        html("span", { class: "number" }, "frame"),
        html("div", { class: "lanes" }, picture),
        html("span", { class: "what" }, elsewhere.join(", ")),
      );
    }

    folded(group, number) {
      const row = this.row(group, group.rows[0], group.rows.length);
      row.dataset.group = number;
      row.ariaLevel = "1";
      if (group.rows.length > 1) row.ariaExpanded = "false";
      for (const [, , frames] of group.rows) for (const frame of frames) if (frame) this.rows.set(frame, { group: row, row });
      return row;
    }

    row(group, [time, more, frames], times = 1) {
      const looks = ["row", group.kind, group.quiet ? "quiet" : "", group.ptb === undefined ? "" : "ptb"].filter(Boolean);
      const row = html("div", { class: looks.join(" "), role: "treeitem", tabindex: -1, "data-time": time });
      row.pmtulabFrames = frames.filter(Boolean);
      const what = html("span", { class: "what" }, group.what);
      if (group.kind === "note") what.title = group.what;
      if (group.at) what.prepend(html("b", { class: "times" }, `${group.at} `));
      if (times > 1) what.prepend(html("b", { class: "times" }, `${times} × `));
      else if (more) what.append(html("span", { class: "more" }, ` ${more}`));
      if (group.fate) what.append(html("span", { class: "fate" }, group.fate));
      row.append(
        html("span", { class: "time" }, milliseconds(time)),
        html("span", { class: "number" }, row.pmtulabFrames.length ? `${row.pmtulabFrames[0]}` : ""),
        this.lanes(group, frames, times),
        what,
      );
      row.setAttribute("aria-label", this.spoken(group, row.pmtulabFrames, time, times, more));
      return row;
    }

    spoken(group, frames, time, times, more) {
      const way = (group.path ?? []).map((n) => this.run.nodes[n]).join(" to ");
      const parts = [`${milliseconds(time)} ms`, way, times > 1 ? `${times} times ${group.what}` : group.what];
      if (group.octets) parts.push(`${group.octets} octets${group.df ? ", DF" : ""}`);
      if (times === 1 && more) parts.push(more);
      if (group.fate) parts.push(`lost: ${group.fate}`);
      if (frames.length && times === 1) parts.push(`frames ${frames.join(", ")}`);
      return parts.filter(Boolean).join("; ");
    }

    lanes(group, frames, times) {
      const lives = this.run.nodes.map((_, n) => svg("line", { class: "life", x1: this.x(n), x2: this.x(n), y1: -1, y2: "102%" }));
      const picture = svg("svg", { "aria-hidden": "true" }, ...lives);
      const lanes = html("div", { class: "lanes" }, picture);
      const path = group.path ?? [];
      if (group.kind === "note") {
        const at = path.length ? path : this.run.nodes.map((_, n) => n);
        for (const n of at) picture.append(svg("circle", { class: "event", cx: this.x(n), cy: "50%", r: 4.5 }));
        return lanes;
      }
      for (let hop = 0; hop + 1 < path.length; hop++) {
        const [from, to] = [path[hop], path[hop + 1]];
        const arrived = frames[2 * hop + 1] > 0;
        const end = arrived ? this.x(to) : this.middle(from, to);
        const line = { x1: this.x(from), x2: end, y1: "68%", y2: "68%" };
        const width = 1.5 + (2.5 * Math.min(group.octets ?? 0, 1500)) / 1500;
        const arrow = svg("g", { class: "hop" },
          svg("line", { class: "reach", ...line }), // wide enough to be hit
          svg("line", { class: "shaft", ...line, "stroke-width": width }),
          this.arrowHead(end, to > from),
        );
        arrow.pmtulabFrames = [frames[2 * hop], frames[2 * hop + 1]].filter(Boolean);
        picture.append(arrow);
        if (hop === 0) picture.append(this.label(group, this.middle(from, to), times));
      }
      if (group.fate) {
        const [from, to] = path.slice(-2);
        picture.append(svg("text", { class: "cross", x: frames.at(-1) ? this.x(to) : this.middle(from, to), y: "68%" }, "✕"));
      }
      return lanes;
    }

    // A triangle whose tip is at x. An inner svg, since a path cannot be placed in percent.
    arrowHead(x, right) {
      const tip = svg("path", { class: "tip", d: right ? "M0 0L-10 -5V5Z" : "M0 0L10 -5V5Z" });
      return svg("svg", { x, y: "68%", overflow: "visible" }, tip);
    }

    label(group, x, times) {
      const label = svg("text", { class: "label", x, y: "46%" });
      if (times > 1) label.append(svg("tspan", {}, `${times} × `));
      label.append(svg("tspan", {}, group.ptb === undefined ? `${group.octets}` : `MTU ${group.ptb}`));
      if (group.df) label.append(svg("tspan", { class: "df", dx: "0.5em" }, "DF"));
      return label;
    }

    unfold(head, open = true) {
      const group = this.groups[head.dataset.group];
      if (group.rows.length < 2 || (head.ariaExpanded === "true") === open) return;
      head.ariaExpanded = `${open}`;
      if (!open) {
        for (let next = head.nextSibling; next && !next.dataset.group; next = head.nextSibling) next.remove();
        for (const [, , frames] of group.rows) for (const frame of frames) if (frame) this.rows.set(frame, { group: head, row: head });
        return;
      }
      const rows = group.rows.map((written) => {
        const row = this.row(group, written);
        row.ariaLevel = "2";
        row.classList.add("inner");
        for (const frame of row.pmtulabFrames) this.rows.set(frame, { group: head, row });
        return row;
      });
      head.after(...rows);
    }

    clicked(event) {
      const row = event.target.closest(".row");
      if (!row) return;
      this.focus(row);
      const frames = event.target.closest(".hop")?.pmtulabFrames ?? row.pmtulabFrames;
      this.open(row, frames, "click");
    }

    // A folded row unfolds; a row of its own is selected by its first frame, or by that of the arrow that was hit.
    open(row, frames, how) {
      if (row.ariaExpanded) this.unfold(row, row.ariaExpanded === "false");
      else if (frames.length) this.send([frames[0]], how);
    }

    send(frames, open) {
      this.bus.dispatchEvent(new CustomEvent("select", { detail: { frames, from: "sequence", open } }));
    }

    pressed(event) {
      const row = event.target.closest(".row");
      if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
      const all = [...this.tree.children];
      const at = all.indexOf(row);
      let group = row;
      while (!group.dataset.group) group = group.previousSibling;
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (to !== undefined) this.walk(all[Math.max(0, Math.min(all.length - 1, to))]);
      else if (event.key === "ArrowRight" && row.ariaExpanded === "false") this.unfold(row);
      else if (event.key === "ArrowLeft") [this.unfold(group, false), this.focus(group)];
      else if (event.key === "Enter") this.open(row, row.pmtulabFrames, "key");
      else return;
      event.preventDefault();
    }

    // The selection follows the focus.
    walk(row) {
      this.focus(row);
      if (row.pmtulabFrames.length) this.send([row.pmtulabFrames[0]]);
    }

    focus(row) {
      this.focusable.tabIndex = -1;
      this.focusable = row;
      row.tabIndex = 0;
      row.focus();
    }

    // Of many frames, those that are folded stay so; of a few, each is shown.
    select({ frames, from }) {
      const mine = frames.filter((frame) => this.rows.has(frame));
      for (const marked of this.tree.querySelectorAll("[aria-current], .hop.on")) {
        marked.removeAttribute("aria-current");
        marked.classList.remove("on");
      }
      if (mine.length === 1 && from !== "sequence") this.unfold(this.rows.get(mine[0]).group);
      for (const frame of mine) {
        const { row } = this.rows.get(frame);
        row.setAttribute("aria-current", "true");
        for (const hop of row.querySelectorAll(".hop")) if (hop.pmtulabFrames.includes(frame)) hop.classList.add("on");
      }
      // Who points at the stage or the plot is looking there.
      if (mine.length && (from === "claims" || from === "frame")) this.rows.get(mine[0]).row.scrollIntoView({ block: "center" });
    }

    now({ act, t }) {
      this.tree.querySelector(".now")?.classList.remove("now");
      if (act !== this.act) return;
      const past = [...this.tree.children].filter((row) => Number(row.dataset.time) <= t);
      past.at(-1)?.classList.add("now");
    }
  }

  window.pmtulab.sequence = (element, run, bus) => new Sequence(element, run, bus);
})();
