// A packet as it is drawn: a bar as long as its octets, as thick as the bore that it just fits; a PTB is an envelope.
//
// What kind it is shows in its colour and in its pattern, DF as a flag, and one that stands for many as a stack.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});
  const { svg } = pmtulab;

  const SHORTEST = 7, THINNEST = 6, ENVELOPE = { l: 44, h: 26 };
  const CLEARANCE = 4; // between a packet and the bore that it just fits
  const LONGEST = 1.35; // times the largest MTU: a super-packet is drawn no longer
  const DIGIT = 7.6;
  const FLAGGED = 100; // octets from which on a packet is worth a flag
  const FLAG = 25, OVER_WORDS = 14; // how long a flag is, and how much higher it flies over what is written above a bar

  // Length and thickness of so many octets. `scale` is { largest: octets, longest: pixels for these, bore: a gauge }.
  const sizeOf = (octets, { largest, longest, bore }) => ({
    l: Math.max(SHORTEST, Math.min(LONGEST, octets / largest) * longest),
    h: Math.max(THINNEST, bore(octets) - CLEARANCE),
  });

  const flagged = (packet) => packet.df && packet.octets > FLAGGED;

  const patterns = () => {
    const one = (id, side, mark, more = {}) =>
      svg("pattern", { id, class: "weave", width: side, height: side, patternUnits: "userSpaceOnUse", ...more }, mark);
    return svg("defs", {},
      one("of-tcp", 6, svg("path", { d: "M0 0V6", "stroke-width": 3 }), { patternTransform: "rotate(45)" }),
      one("of-fragment", 5, svg("circle", { cx: 2.5, cy: 2.5, r: 1.1 })));
  };

  // The bar around (0, 0), along x, whose head is to the right (`ahead` 1) or to the left (-1). It will be turned by `turn` degrees;
  // an envelope, and what is written on a bar, stay upright.
  const bar = (packet, scale, turn = 0, ahead = 1) => {
    let { l, h } = sizeOf(packet.octets, scale);
    const ptb = packet.kind === "ptb";
    if (ptb) [l, h] = [Math.max(l, ENVELOPE.l), Math.max(h, ENVELOPE.h)];
    const group = svg("g", { class: `packet ${packet.kind}`, "data-id": packet.id });
    const words = packet.many > 1 ? `×${packet.many}` : String(ptb ? packet.mtu : packet.octets);
    const across = Math.abs(turn) > 45 && Math.abs(turn) < 135, [room, tall] = across && !ptb ? [h, l] : [l, h];
    const inside = words.length * DIGIT + 4 < room && tall > 13;
    const face = svg("g", ptb ? { transform: `rotate(${-turn})` } : {});
    const box = (back, more) => svg("rect", { x: -l / 2 - back * ahead, y: -h / 2, width: l, height: h, rx: Math.min(3, h / 4), ...more });
    for (const back of packet.many > 1 ? [10, 5, 0] : [0]) face.append(box(back, { class: "body" }));
    if (packet.kind === "tcp" || packet.kind === "fragment") face.append(box(0, { fill: `url(#of-${packet.kind})` }));
    if (ptb) face.append(svg("path", { class: "flap", d: `M${-l / 2} ${-h / 2}L0 ${-h / 2 + 9}L${l / 2} ${-h / 2}` }));
    // Its octets, the MTU that it tells, or how many it stands for; above it where there is no room.
    const y = !inside ? -tall / 2 - 5 : ptb ? 9.5 : 4.5;
    face.append(svg("text", { class: inside ? "told" : "told outside", transform: `rotate(${ptb ? 0 : -turn})`, y }, words));
    if (flagged(packet)) face.append(...flag(l, -h / 2, turn, ahead, inside || across ? 0 : OVER_WORDS));
    group.append(face, svg("title", {}, `${packet.words} (${packet.octets} octets${packet.df ? ", DF" : ""})`));
    return group;
  };

  // At the tail of a bar, where it is never in the way of what stops the head: it waves backwards, as flags do.
  const flag = (l, y, turn, ahead, raised) => {
    const x = ahead * Math.min(l / 2 - 2, FLAG + 2 - l / 2), top = y - raised;
    return [
      svg("path", { class: "df", d: `M${x} ${y}V${top - 19}h${-FLAG * ahead}l${5 * ahead} 6.5l${-5 * ahead} 6.5h${FLAG * ahead}` }),
      svg("text", { class: "df-word", transform: `translate(${x - 10 * ahead} ${top - 12.5}) rotate(${-turn})`, y: 3.6 }, "DF"),
    ];
  };

  pmtulab.stageBar = { bar, flagged, sizeOf, patterns };
})();
