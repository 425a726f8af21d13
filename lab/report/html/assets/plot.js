// The plot of an act: packet sizes as dots where they left their origin, path MTU and MSS as steps, and TCP's window below.
//
// Time is true time, and even, but for silences much longer than all the rest: those are cut out of the axis, which says how long
// they were. Where sizes differ a hundredfold the scale of octets is logarithmic.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});
  const { svg, html, timeWords: words, plotAxis: axis, plotTicks: ticks } = pmtulab;

  const LEFT = 52, RIGHT = 92, TOP = 18, SIZES = 230, WINDOW = 74, BELOW = 50, GAP = 34;
  const LABEL = 56; // pixels that a time wants below the axis
  const MOST_ROWS = 200; // of the table
  const NEAR = 28; // pixels from a dot at which it is meant
  const LOGARITHMIC = 6000; // octets, from which on small sizes would lie on the axis

  const SHAPES = {
    udp: (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    tcp: (r) => `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}Z`,
    fragment: (r) => `M0 ${-r - 1}L${r + 1} 0L0 ${r + 1}L${-r - 1} 0Z`,
    icmp: (r) => `M0 ${-r - 1}L${r + 1} ${r}H${-r - 1}Z`,
  };
  SHAPES.ptb = SHAPES.icmp;
  const shape = (kind) => SHAPES[kind] ?? SHAPES.udp;
  const NAMES = { udp: "UDP", tcp: "TCP", fragment: "fragment", icmp: "ICMP", ptb: "PTB", other: "packet" };
  const CROSS = "M-6 -6L6 6M6 -6L-6 6";

  const lost = (fate) => fate === "dropped" || fate === "gone";
  const what = (kind, many) => `${many > 1 ? `${many} × ` : ""}${NAMES[kind]}`;
  const end = (fate) => (lost(fate) ? ", lost" : "");
  const said = ([time, octets, kind, fate, frame, node, many]) =>
    `${words(time)}: ${what(kind, many)}, ${octets} octets from ${node}${end(fate)}, frame ${frame}`;
  // The values that a line of steps goes through.
  const course = (points) => {
    const values = points.map(([, value]) => value ?? "nothing");
    return values.filter((value, i) => value !== values[i - 1]).join(", then ");
  };

  class Plot {
    constructor(act, mtus, index, send) {
      Object.assign(this, { act, index, send, series: act.series });
      this.mtus = [...new Set(mtus)].sort((a, b) => a - b);
      this.dots = act.series.sizes;
      this.figure = html("figure", { class: "plot" });
      this.readout = html("output", { class: "readout", "aria-live": "polite" });
    }

    get times() {
      const { pmtu, tcp } = this.series;
      const steps = [...pmtu.map((one) => one.points), ...tcp.flatMap((one) => [one.mss, one.pmtu, one.cwnd])].flat();
      return [...this.dots, ...steps].map(([time]) => time);
    }

    build(width) {
      const windows = this.series.tcp.some((one) => one.cwnd.length > 1);
      const height = TOP + SIZES + (windows ? GAP + WINDOW : 0) + BELOW;
      this.right = width - RIGHT;
      this.scale = axis(this.times, LEFT + 8, this.right - 8);
      const held = this.series.tcp.flatMap((one) => one.pmtu).map(([, mtu]) => mtu);
      const most = Math.max(1, ...this.mtus, ...this.dots.map((dot) => dot[1]), ...held) * 1.06;
      this.logarithmic = most > LOGARITHMIC;
      const share = (octets) => (this.logarithmic ? Math.log(Math.max(octets, 20) / 20) / Math.log(most / 20) : octets / most);
      this.y = (octets) => TOP + SIZES * (1 - share(octets));
      this.root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0, "aria-label": this.describe() });
      this.frame(most, width);
      this.lines();
      this.root.append(...(this.marks = this.dots.map((dot) => this.dot(dot))));
      if (windows) this.windows(TOP + SIZES + GAP);
      this.cursor = svg("path", { class: "cursor" });
      this.root.append(this.cursor);
      this.base = height - BELOW;
      this.abscissa(this.base);
      this.listen();
      this.figure.replaceChildren(html("figcaption", {}, this.act.title), this.root, this.readout, this.legend(), this.table());
    }

    describe() {
      const sizes = this.dots.map((dot) => dot[1]);
      const range = sizes.length ? `${Math.min(...sizes)} to ${Math.max(...sizes)} octets` : "no packets";
      const mss = this.series.tcp.map((one) => `MSS ${course(one.mss)}`);
      const held = this.series.pmtu.map((one) => `${one.node} learns ${course(one.points)} towards ${one.to}`);
      return [`Packet sizes against time, ${range}`, ...mss, ...held].join("; ");
    }

    text(x, y, words, of = "", anchor = "start") {
      this.root.append(svg("text", { x, y, class: of, "text-anchor": anchor }, String(words)));
    }

    frame(most) {
      const marks = this.logarithmic ? [20, 100, 500, 1500, 9000, 65535].filter((n) => n <= most) : ticks(0, most, 4);
      for (const at of marks) {
        this.root.append(svg("path", { class: "grid", d: `M${LEFT} ${this.y(at)}H${this.right}` }));
        this.text(LEFT - 8, this.y(at) + 4, at, "tick", "end");
      }
      this.text(0, TOP - 5, `octets${this.logarithmic ? " (logarithmic)" : ""}`, "unit");
      for (const mtu of this.mtus) {
        this.root.append(svg("path", { class: "limit", d: `M${LEFT} ${this.y(mtu)}H${this.right}` }));
      }
      this.notes = this.mtus.map((mtu) => ({ y: this.y(mtu), words: `MTU ${mtu}`, of: "limit" }));
    }

    steps(points, y, of, end) {
      let path = "", open = false;
      points.forEach(([time, value], i) => {
        if (value === null) return void ((path += open ? `H${this.scale.x(time)}` : ""), (open = false));
        path += open ? `H${this.scale.x(time)}V${y(value)}` : `M${this.scale.x(time)} ${y(value)}`;
        open = true;
        if (i === points.length - 1) path += `H${end}`;
      });
      this.root.append(svg("path", { class: `steps ${of}`, d: path }));
    }

    lines() {
      const ends = (points, words, of) => {
        const value = points.at(-1)?.[1];
        if (value) this.notes.push({ y: this.y(value), words: `${words} ${value}`, of });
      };
      for (const one of this.series.pmtu) {
        this.steps(one.points, this.y, "pmtu", this.right);
        ends(one.points, "PMTU", "pmtu");
      }
      for (const one of this.series.tcp) {
        this.steps(one.mss, this.y, "mss", this.right);
        ends(one.mss, "MSS", "mss");
        if (!this.series.pmtu.length) this.steps(one.pmtu, this.y, "pmtu", this.right);
      }
      // Words at the right, pushed apart where they would lie on each other; the same words once.
      const kept = [...new Map(this.notes.map((note) => [note.words, note])).values()].sort((a, b) => a.y - b.y);
      kept.forEach((note, i) => {
        if (i) note.y = Math.max(note.y, kept[i - 1].y + 14);
        this.text(this.right + 6, note.y + 4, note.words, `note ${note.of}`);
      });
    }

    dot([time, octets, kind, fate, , , many]) {
      const group = svg("g", { class: `dot ${kind}`, transform: `translate(${this.scale.x(time)} ${this.y(octets)})` });
      group.append(svg("path", { d: shape(kind)(many > 1 ? 5 : 3.8) }));
      if (lost(fate)) group.append(svg("path", { class: "cross", d: CROSS }));
      return group;
    }

    windows(top) {
      const most = Math.max(...this.series.tcp.flatMap((one) => one.cwnd.map(([, v]) => v))) * 1.1;
      const y = (value) => top + WINDOW * (1 - value / most);
      this.text(0, top - 6, "cwnd, segments", "unit");
      for (const at of ticks(0, most, 2)) {
        this.root.append(svg("path", { class: "grid", d: `M${LEFT} ${y(at)}H${this.right}` }));
        this.text(LEFT - 8, y(at) + 4, at, "tick", "end");
      }
      for (const one of this.series.tcp) this.steps(one.cwnd, y, "cwnd", this.right);
    }

    abscissa(base) {
      const { points, cuts, x, even } = this.scale;
      let last = -Infinity;
      for (let i = 0; i < points.length - 1; i += 2) {
        const [[from, left], [to, right]] = [points[i], points[i + 1]];
        this.root.append(svg("path", { class: "axis", d: `M${left} ${base}H${right}` }));
        const room = right - left;
        const alone = room > 24 || i === 0 || !even ? [from] : [];
        const marks = room > 90 ? ticks(from, to, Math.max(1, Math.floor(room / 110))) : alone;
        for (const at of marks) {
          if (x(at) - last < LABEL) continue;
          last = x(at);
          this.root.append(svg("path", { class: "axis", d: `M${last} ${base}v5` }));
          this.text(last, base + 18, words(at), "tick", "middle");
        }
      }
      let row = 0;
      last = -Infinity;
      for (const { from, to } of cuts) {
        const [left, right] = [x(from), x(to)], middle = (left + right) / 2;
        if (even) this.root.append(svg("rect", { class: "cut", x: left + 4, y: TOP, width: right - left - 8, height: base - TOP }));
        row = middle - last < LABEL + 20 ? 1 - row : 0;
        last = middle;
        this.text(middle, base + 5, "⋯", "tick", "middle");
        this.text(middle, base + 33 + row * 13, `⋯ ${words(to - from)}`, "tick cut-words", "middle");
      }
    }

    listen() {
      let at = -1;
      const nearest = (event) => {
        const box = this.root.getBoundingClientRect(), grow = this.root.viewBox.baseVal.width / box.width;
        const [px, py] = [(event.clientX - box.left) * grow, (event.clientY - box.top) * grow];
        let best = NEAR, found = -1;
        this.dots.forEach(([time, octets], i) => {
          const far = Math.hypot(this.scale.x(time) - px, this.y(octets) - py);
          if (far < best) [best, found] = [far, i];
        });
        return found;
      };
      const point = (i) => {
        this.marks[at]?.classList.remove("pointed");
        at = i;
        this.marks[at]?.classList.add("pointed");
        this.readout.textContent = this.dots[at] ? said(this.dots[at]) : "";
      };
      const choose = () => {
        if (!this.dots[at]) return;
        this.send("select", { frames: [this.dots[at][4]] });
        this.send("time", { act: this.index, t: this.dots[at][0] });
        this.choose([this.dots[at][4]]);
      };
      this.root.addEventListener("pointermove", (event) => point(nearest(event)));
      this.root.addEventListener("pointerleave", () => point(-1));
      this.root.addEventListener("click", (event) => (point(nearest(event)), choose()));
      this.root.addEventListener("keydown", (event) => {
        const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (way) point(Math.max(0, Math.min(this.dots.length - 1, at + way)));
        else if (event.key === "Enter") choose();
        else return;
        event.preventDefault();
        event.stopPropagation();
      });
    }

    choose(frames) {
      this.dots.forEach((dot, i) => this.marks?.[i].classList.toggle("chosen", frames.includes(dot[4])));
    }

    at(time) {
      this.cursor?.setAttribute("d", `M${this.scale.x(time)} ${TOP}V${this.base}`);
    }

    legend() {
      const sign = (words, ...drawn) => html("li", {}, svg("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, ...drawn), words);
      const kinds = [...new Set(this.dots.map((dot) => dot[2]))];
      const items = kinds.map((kind) => sign(NAMES[kind], svg("g", { class: `dot ${kind}` }, svg("path", { d: shape(kind)(4.5) }))));
      const cross = svg("g", { class: "dot" }, svg("path", { class: "cross", d: CROSS }));
      if (this.dots.some((dot) => lost(dot[3]))) items.push(sign("lost", cross));
      return html("ul", { class: "legend plain" }, ...items);
    }

    // The same as a table, for who cannot see the plot or wants the numbers.
    table() {
      const row = (kind, cells) => html("tr", {}, ...cells.map((cell) => html(kind, {}, String(cell))));
      const rows = this.dots.slice(0, MOST_ROWS).map(([time, octets, kind, fate, frame, node, many]) =>
        row("td", [words(time), what(kind, many) + end(fate), octets, node, frame]));
      const more = this.dots.length - rows.length;
      if (more > 0) rows.push(row("td", [`and ${more} more`]));
      const head = html("thead", {}, row("th", ["Time", "Packet", "Octets", "From", "Frame"]));
      return html("details", {}, html("summary", {}, "As a table"), html("table", {}, head, html("tbody", {}, ...rows)));
    }
  }

  // Fills `element`, and returns nothing; nothing is there where a run has nothing to show.
  pmtulab.plot = (element, run, bus) => {
    const { links, acts } = run.motion;
    if (!acts.some((act) => act.series.sizes.length)) return;
    const send = (kind, detail) => bus.dispatchEvent(new CustomEvent(kind, { detail: { ...detail, from: "plot" } }));
    const mtus = links.flatMap((link) => link.mtus);
    const made = (act) => [act, ...act.marks].flatMap((one) => Object.values(one.mtus ?? {}));
    const plots = acts.map((act, i) => new Plot(act, [...mtus, ...made(act)], i, send));
    const tabs = plots.map((_, i) => html("button", { type: "button", title: acts[i].title }, `Act ${i + 1}`));
    const heading = html("p", { class: "act-title" });
    const label = { class: "tabs", role: "group", "aria-label": "Act of the plot" };
    const bar = html("div", label, ...(plots.length > 1 ? tabs : []), heading);
    element.replaceChildren(html("div", { class: "plots" }, bar, ...plots.map((plot) => plot.figure)));
    let shown = -1, width = 0;
    const show = (act) => {
      if (act === shown) return;
      shown = act;
      plots.forEach((plot, i) => plot.figure.classList.toggle("away", i !== act));
      tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", i === act));
      heading.textContent = acts[act].title;
    };
    tabs.forEach((tab, i) => tab.addEventListener("click", () => (show(i), send("act", { act: i }))));
    bus.addEventListener("act", ({ detail }) => plots[detail.act] && show(detail.act));
    bus.addEventListener("time", ({ detail }) => plots[detail.act] && (show(detail.act), plots[detail.act].at(detail.t)));
    bus.addEventListener("select", ({ detail }) => {
      if (detail.from !== "plot") for (const plot of plots) plot.choose(detail.frames ?? []);
    });
    const fit = () => {
      const wide = Math.round(element.clientWidth);
      if (!wide || wide === width) return;
      width = wide;
      for (const plot of plots) plot.build(Math.min(wide, 1000));
    };
    new ResizeObserver(fit).observe(element);
    fit();
    show(0);
  };
})();
