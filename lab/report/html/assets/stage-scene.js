// The picture: links as pipes, as wide as their MTU, packets as bars in them, nodes, and what hosts have noted.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});
  const { svg } = pmtulab;
  const { FRESH } = pmtulab.stageState;
  const { HOST, BRIDGE, ROUTER, CARD, gauge, edgeOf, place, crowded } = pmtulab.stagePlace;
  const { bar, sizeOf, patterns } = pmtulab.stageBar;

  const LONGEST = 92, OF_A_LINK = 0.46; // of packets: pixels for the largest MTU, and the share of a link that they may take
  const LETTER = 8.4;
  const ROUTES = 2; // of route exceptions, how many a host's notes have room for
  const ON_SHELF = 6; // fragments that are seen waiting, and how small
  const SMALL = 0.55;
  const FALL = 70; // pixels that a packet falls when it is dropped
  const STEEP = 0.7; // of a link's direction: beyond, things fall and are said beside it

  class Scene {
    // `picked` is called with the id of a packet that is pressed.
    constructor(motion, picked) {
      this.motion = motion;
      this.chosen = null; // numbers of frames whose packets are marked
      this.nodes = new Map(motion.nodes.map((node) => [node.name, node]));
      const all = motion.acts.flatMap((act) => [...act.marks, ...act.held]);
      const notes = all.filter((mark) => mark.mtu || mark.mss);
      this.noted = new Set(notes.map((mark) => mark.at));
      const routes = new Map([...this.noted].map((at) => [at, new Set()]));
      for (const mark of notes) if (mark.to) routes.get(mark.at).add(mark.to);
      const most = Math.max(1, ...[...routes.values()].map((its) => its.size));
      this.rows = this.noted.size && Math.min(ROUTES, most) + notes.some((mark) => mark.mss);
      const mtus = [...motion.links.flatMap((link) => link.mtus), ...all.flatMap((mark) => Object.values(mark.mtus ?? {}))];
      [this.least, this.largest] = [Math.min(...mtus), Math.max(1, ...mtus)];
      this.bore = gauge(mtus);
      this.root = svg("svg", { class: "scene", role: "img", "aria-label": this.describe() });
      // Bars are drawn anew for each picture, so that a click, which wants one element for press and release, would find none.
      this.root.addEventListener("pointerdown", (event) => {
        const pressed = event.target.closest("[data-id]");
        if (pressed?.dataset.id) picked(Number(pressed.dataset.id));
      });
    }

    // How wide the picture is drawn, where there is room.
    get natural() {
      return Math.max(860, (Math.max(...this.motion.nodes.map((node) => node.x)) + 1) * 190);
    }

    // How wide it is drawn at least: where that is wider than the page, all of it is smaller.
    get narrowest() {
      return crowded(this.motion.nodes);
    }

    describe() {
      const links = this.motion.links.map(({ a, b, mtus }) => `${a} to ${b}, MTU ${[...new Set(mtus)].join("/")}`);
      return `The network: ${links.join("; ")}`;
    }

    // Everything that does not move, for a page of this width.
    build(width) {
      const { spots, top, bottom, tall } = place(this.motion, width, this.noted, this.rows);
      Object.assign(this, { at: spots, width, tall });
      this.root.replaceChildren(patterns());
      this.root.setAttribute("viewBox", `0 ${top} ${width} ${bottom - top}`);
      this.links = this.motion.links.map((link) => this.link(link));
      const longest = Math.min(LONGEST, ...this.links.map((link) => Math.max(24, link.length * OF_A_LINK)));
      this.scale = { largest: this.largest, longest, bore: this.bore };
      this.cards = new Map([...this.noted].filter((name) => spots.has(name)).map((name) => [name, this.card(name)]));
      this.above = svg("g", { class: "above" });
      const nodes = this.motion.nodes.map((node) => this.node(node));
      this.root.append(...this.links.flatMap((link) => link.labels), ...nodes, ...this.cards.values(), this.above);
    }

    link({ a, b, mtus }) {
      const [from, to] = [this.at.get(a), this.at.get(b)];
      const [ux, uy, whole] = towards(from, to);
      const [skip, stop] = [edgeOf(this.nodes.get(a), ux, uy), edgeOf(this.nodes.get(b), ux, uy)];
      const length = Math.max(10, whole - skip - stop), angle = degrees(ux, uy);
      const [x, y] = [from.x + ux * skip, from.y + uy * skip];
      const clip = `clip-${a}-${b}`;
      const pipe = svg("path", { class: "pipe" }), labels = [svg("text", { class: "mtu" }), svg("text", { class: "mtu" })];
      const traffic = svg("g", { class: "traffic", "clip-path": `url(#${clip})` });
      this.root.append(
        svg("clipPath", { id: clip }, svg("rect", { x: 0, y: -120, width: length, height: 240 })),
        svg("g", { class: "link", transform: `translate(${x} ${y}) rotate(${angle})` }, pipe, traffic));
      return { a, mtus, length, angle, ux, uy, x, y, pipe, labels, traffic };
    }

    // A pipe from one bore to the other, flanged at both ends, and the MTUs beside it in numbers.
    pour(link, [one, two]) {
      const told = `${one}/${two}`;
      if (link.told === told) return;
      link.told = told;
      const { length: l, ux, uy } = link, [a, b] = [this.bore(one) / 2, this.bore(two) / 2];
      const below = `M0 ${-a - 3}V${a + 3}H5V${a}L${l - 5} ${b}V${b + 3}H${l}`;
      link.pipe.setAttribute("d", `${below}V${-b - 3}H${l - 5}V${-b}L5 ${-a}V${-a - 3}Z`);
      link.pipe.classList.toggle("tight", Math.min(one, two) === this.least && this.least < this.largest);
      // Below the pipe, or left of it where it stands: flags fly on the other side.
      const [nx, ny] = ux >= -0.01 ? [-uy, ux] : [uy, -ux];
      const off = Math.max(a, b) + 7, lean = Math.abs(nx) > 0.4;
      const shares = one === two ? [[0.5, `MTU ${one}`]] : [[0.16, one], [0.84, two]];
      link.labels.forEach((label, i) => {
        const [share, words] = shares[i] ?? [0, ""];
        label.textContent = words;
        label.setAttribute("x", link.x + ux * l * share + nx * off);
        label.setAttribute("y", link.y + uy * l * share + ny * off + (lean ? 5 + 4 * ny : 11));
        label.setAttribute("text-anchor", !lean ? "middle" : nx > 0 ? "start" : "end");
        label.classList.toggle("changed", told !== link.mtus.join("/"));
      });
    }

    node({ name, kind }) {
      const { x, y } = this.at.get(name);
      const fits = name.length * LETTER < (kind === "router" ? 2 * ROUTER : HOST.w) - 8;
      const label = svg("text", { class: "name", y: fits ? 5 : (kind === "router" ? ROUTER : HOST.h / 2) + 17 }, name);
      const title = svg("title", {}, `${kind} ${name}`);
      return svg("g", { class: `node ${kind}`, transform: `translate(${x} ${y})` }, title, shape(kind), label);
    }

    card(name) {
      const { x, y, card } = this.at.get(name);
      const left = card === "beside" ? this.width - CARD.w - 2 : Math.min(Math.max(4, x - CARD.w / 2), this.width - CARD.w - 4);
      const away = HOST.h / 2 + CARD.away;
      const top = { beside: y - this.tall / 2, below: y + away, above: y - away - this.tall }[card];
      return svg("g", { class: "card", transform: `translate(${left} ${top})` });
    }

    // A host's notes: what it holds of each receiver, and TCP's MSS. What is new is marked.
    write(card, notes, beat) {
      const routes = Object.values(notes?.routes ?? {});
      const rows = routes.slice(0, ROUTES).map((r) => [`${r.to}  ${r.locked ? "lock " : ""}${r.mtu}`, `${r.expires} s`, r.since]);
      if (routes.length > ROUTES) rows[ROUTES - 1] = [`and ${routes.length - ROUTES + 1} more`, "", -Infinity];
      if (!rows.length) rows.push(["no path MTU learned", "", notes?.flushed ?? -Infinity]);
      if (notes?.tcp) rows.push([`TCP MSS ${notes.tcp.mss}`, `PMTU ${notes.tcp.pmtu}`, notes.tcp.since]);
      const fresh = rows.map(([, , since]) => beat - since < FRESH);
      const told = JSON.stringify([rows.map((row) => row.slice(0, 2)), fresh]);
      if (card.told === told) return;
      card.told = told;
      card.replaceChildren(svg("rect", { class: "sheet", width: CARD.w, height: CARD.edge + rows.length * CARD.row, rx: 3 }));
      rows.forEach(([left, right], i) => {
        const y = 22 + i * CARD.row;
        if (fresh[i]) card.append(svg("rect", { class: "fresh", x: 3, y: y - 15, width: CARD.w - 6, height: 20, rx: 2 }));
        card.append(
          svg("text", { x: 10, y, class: i || routes.length ? "note" : "note none" }, left),
          svg("text", { x: CARD.w - 10, y, class: "note right" }, right));
      });
    }

    // The picture of a state, as stageState.stateAt() gives it.
    draw(state, beat) {
      this.links.forEach((link, i) => {
        this.pour(link, state.mtus[i]);
        link.traffic.replaceChildren();
      });
      this.above.replaceChildren();
      for (const [name, card] of this.cards) this.write(card, state.notes[name], beat);
      for (const one of state.packets) if (one.does !== "waiting") this[one.does === "flying" ? "fly" : "drop"](one);
      const waiting = Map.groupBy(state.packets.filter((one) => one.does === "waiting"), (one) => one.flight.to);
      for (const [name, pieces] of waiting) this.shelve(name, pieces);
      const latest = new Map(state.marks.map((mark) => [mark.at, mark]));
      for (const mark of latest.values()) this.mark(mark, (beat - mark.beat) / FRESH);
    }

    bar(packet, turn, ahead) {
      const drawn = bar(packet, this.scale, turn, ahead);
      drawn.classList.toggle("chosen", packet.frames.some((number) => this.chosen?.has(number)));
      return drawn;
    }

    fly({ packet, flight, done }) {
      const link = this.links[flight.link], { l } = sizeOf(packet.octets, this.scale);
      const way = -l / 2 + done * (link.length + (flight.came === null ? 0 : l));
      const over = Math.abs(link.angle) > 91 ? 180 : 0; // no bar stands on its head
      const drawn = this.bar(packet, link.angle + over, (flight.from === link.a) === !over ? 1 : -1);
      drawn.setAttribute("transform", `translate(${flight.from === link.a ? way : link.length - way} 0) rotate(${over})`);
      link.traffic.append(drawn);
    }

    // A packet comes to the mouth of the link that it should leave by, or to the far end of the one that it is lost on, hits it,
    // and falls in two.
    drop({ packet, flight, done }) {
      const gone = packet.fate === "gone";
      const node = this.at.get(gone ? flight.from : flight.to), next = this.at.get(gone ? flight.to : packet.at?.[1]);
      const [ux, uy, far] = towards(node, next);
      const { l } = sizeOf(packet.octets, this.scale), edge = edgeOf(this.nodes.get(flight.to), ux, uy);
      const mouth = !next ? -l / 2 : gone ? far - edge - l / 2 : edge - l / 2;
      const run = gone ? 1 : next ? Math.min(1, done / 0.2) : 0;
      const recoil = done > 0.2 && done < 0.45 ? Math.sin(((done - 0.2) / 0.25) * Math.PI) * 7 : 0;
      const reach = run * mouth - (1 - run) * l * 0.3 - recoil, fall = Math.max(0, (done - 0.45) / 0.55);
      const steep = Math.abs(uy) > STEEP, angle = degrees(ux, uy), turn = Math.abs(angle) > 91 ? angle + 180 : angle;
      const [x, y] = [node.x + ux * reach - steep * fall * FALL, node.y + uy * reach + !steep * fall * FALL];
      for (const side of fall ? [-1, 1] : [0]) {
        const drawn = this.bar(packet, turn, turn === angle ? 1 : -1);
        drawn.setAttribute("transform", `translate(${x} ${y}) rotate(${turn + side * fall * 16}) translate(${side * fall * 5} 0)`);
        drawn.style.opacity = 1 - fall * fall;
        if (side) drawn.style.clipPath = `inset(-30px ${side < 0 ? "50% -30px -30px" : "-30px -30px 50%"})`;
        drawn.classList.add("lost");
        this.above.append(drawn);
      }
      if (done < 0.18) return;
      const hit = mouth + l / 2 + 2, [hx, hy] = [node.x + ux * hit, node.y + uy * hit];
      this.above.append(svg("path", { class: "cross", d: `M${hx - 7} ${hy - 7}l14 14m0 -14l-14 14` }));
      const words = packet.limit ? `${packet.octets} > ${packet.limit}` : packet.why.split(",")[0];
      const at = gone ? { x: hx, y: hy } : node;
      this.say(words, steep ? at.x + 66 : at.x, steep ? at.y : at.y - 46, "", steep ? "start" : "middle");
    }

    say(words, x, y, kind = "", anchor = "middle") {
      const text = svg("text", { class: `verdict ${kind}`, x, y, "text-anchor": anchor }, words);
      this.above.append(text);
      return text;
    }

    // Fragments wait at their receiver, side by side.
    shelve(name, pieces) {
      const { x, y } = this.at.get(name), kept = pieces.slice(-ON_SHELF);
      const lengths = kept.map(({ packet }) => sizeOf(packet.octets, this.scale).l * SMALL + 3);
      const whole = lengths.reduce((sum, one) => sum + one, 0);
      let left = Math.max(2, Math.min(x - whole / 2, this.width - whole - 2));
      kept.forEach(({ packet }, i) => {
        const drawn = this.bar(packet);
        drawn.setAttribute("transform", `translate(${left + lengths[i] / 2} ${y - HOST.h / 2 - 16}) scale(${SMALL})`);
        this.above.append(drawn);
        left += lengths[i];
      });
    }

    // What happens at a node: its outline spreads, and a word. What was refused hops at its host's edge, and fades.
    mark(mark, done) {
      const at = this.at.get(mark.at);
      if (!at) return;
      const ring = shape(this.nodes.get(mark.at).kind, 4 + done * 14);
      ring.setAttribute("class", `ring ${mark.kind}`);
      ring.setAttribute("transform", `translate(${at.x} ${at.y})`);
      ring.style.opacity = 1 - done;
      this.above.append(ring);
      if (mark.kind === "refused") {
        const drawn = this.bar({ ...NEVER_LEFT, kind: mark.protocol, octets: mark.packet });
        const hop = Math.abs(Math.sin(Math.min(1, done * 1.6) * Math.PI * 2)) * 6 * (1 - done);
        drawn.setAttribute("transform", `translate(${at.x} ${at.y - HOST.h / 2 + 6 - hop})`);
        drawn.style.opacity = 1 - done * done;
        this.above.append(drawn);
      }
      const words = WORDS[mark.kind]?.(mark);
      if (!words) return;
      const x = Math.max(60, Math.min(at.x, this.width - 60)), over = mark.kind === "refused" ? 34 : 12;
      const y = at.card === "above" ? at.y + HOST.h / 2 + 20 : at.y - HOST.h / 2 - over;
      this.say(words, x, y, mark.kind).style.opacity = Math.min(1, 2.4 - done * 2.4);
    }
  }

  const NEVER_LEFT = { id: "", frames: [], many: 1, words: "refused, and never sent" };
  const WORDS = {
    send: (mark) => `sends ${mark.octets}`,
    refused: (mark) => `EMSGSIZE${mark.limit ? `, at most ${mark.limit}` : ""}`,
    silent: () => "nothing came back",
    joined: () => "whole again",
    search: () => "the search is over",
  };

  // The direction from one spot to another, as (dx, dy) of length 1, and how far it is; to the right where there is no other.
  const towards = (from, to) => {
    if (!to) return [1, 0, 0];
    const [dx, dy] = [to.x - from.x, to.y - from.y], far = Math.hypot(dx, dy) || 1;
    return [dx / far, dy / far, far];
  };
  const degrees = (dx, dy) => (Math.atan2(dy, dx) * 180) / Math.PI;

  // A node's outline around (0, 0), or one so many pixels outside of it.
  const shape = (kind, out = 0) => {
    if (kind === "router") return svg("circle", { r: ROUTER + out });
    const { w: wide, h: high } = kind === "host" ? HOST : BRIDGE, [w, h] = [wide / 2 + out, high / 2 + out];
    if (kind === "host") return svg("rect", { x: -w, y: -h, width: 2 * w, height: 2 * h, rx: 9 + out });
    return svg("path", { d: `M${9 - w} ${-h}H${w - 9}L${w} 0L${w - 9} ${h}H${9 - w}L${-w} 0Z` });
  };

  pmtulab.Scene = Scene;
})();
