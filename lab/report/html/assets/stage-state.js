// What there is to see at one moment: a pure function of the act and the beat, so that time can be sought both ways.
//
// A beat is a second at normal speed. A packet flies over a link, ends (dropped, gone), or waits at its receiver to be joined.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});

  const HIT = 1.2; // beats for which a packet is seen where it ends, as in lab/report/html/score.py
  const FRESH = 1.4; // beats for which news looks new

  // The packets to draw: each with what it does (flying, dropping, waiting, joined) and how far it has come in that, from 0 to 1.
  const packets = (act, beat) => {
    const joins = joinsOf(act);
    const found = [];
    for (const packet of act.packets) {
      const flights = packet.flights;
      if (beat < flights[0].left) continue;
      const last = flights.at(-1);
      const flight = flights.find((f) => beat >= f.left && beat < (f.came ?? f.left + packet.pace));
      if (flight) {
        const came = flight.came ?? flight.left + packet.pace;
        found.push({ packet, flight, does: "flying", done: (beat - flight.left) / (came - flight.left) });
        continue;
      }
      const end = last.came ?? last.left + packet.pace;
      if (beat < end) continue; // inside a node
      const since = beat - end;
      if (packet.fate === "dropped" || packet.fate === "gone") {
        const takes = HIT * packet.pace;
        if (since < takes) found.push({ packet, flight: last, does: "dropping", done: since / takes });
      } else if (packet.kind === "fragment" && (packet.fate === "joined" || packet.fate === "delivered")) {
        const join = joins.get(packet.id);
        if (join === undefined || beat < join) found.push({ packet, flight: last, does: "waiting", done: Math.min(1, since) });
      }
    }
    return found;
  };

  // By packet, the beat at which it is put together with others.
  const joinsOf = (act) =>
    (act.joins ??= new Map(act.marks.filter((m) => m.kind === "joined").flatMap((m) => m.packets.map((id) => [id, m.beat]))));

  // What a node has written down: its route exceptions by receiver, and TCP's state. `since` is the beat at which each was written.
  const notes = (act, beat) => {
    const found = {};
    const of = (node) => (found[node] ??= { routes: {}, tcp: null, flushed: -9 });
    for (const held of act.held) of(held.at).routes[held.to] = { ...held, since: -9 };
    for (const mark of act.marks) {
      if (mark.beat > beat) continue;
      if (mark.kind === "learned") of(mark.at).routes[mark.to] = { ...mark, since: mark.beat };
      else if (mark.kind === "tcp") of(mark.at).tcp = { ...mark, since: mark.beat };
      else if (mark.kind === "forgotten") delete of(mark.at).routes[mark.to];
      else if (mark.kind === "flushed") {
        for (const node of Object.values(found)) Object.assign(node, { routes: {}, flushed: mark.beat });
      }
    }
    return found;
  };

  // The MTU of each link's two ends, as the story has made them.
  const mtus = (motion, act, beat) => {
    const made = { ...act.mtus };
    for (const mark of act.marks) if (mark.kind === "mtu" && mark.beat <= beat) Object.assign(made, mark.mtus);
    return motion.links.map(({ a, b, mtus: [at_a, at_b] }) => [made[`${a}:${b}`] ?? at_a, made[`${b}:${a}`] ?? at_b]);
  };

  const stateAt = (motion, act, beat) => ({
    packets: packets(act, beat),
    notes: notes(act, beat),
    mtus: mtus(motion, act, beat),
    marks: act.marks.filter((mark) => mark.beat <= beat && beat < mark.beat + FRESH),
    caption: act.captions.findLastIndex((caption) => caption.beat <= beat + 1e-6),
  });

  // Along the points [[x, y], ...], whose x and y never go back: the y at `at`, or the other way round.
  const along = (points, at, from = 0) => {
    if (!points.length) return 0;
    const to = 1 - from;
    const next = points.findIndex((point) => point[from] >= at);
    if (next === 0) return points[0][to];
    if (next < 0) return points.at(-1)[to];
    const [one, two] = [points[next - 1], points[next]];
    return one[to] + ((at - one[from]) / (two[from] - one[from] || 1)) * (two[to] - one[to]);
  };

  // True time in ns at a beat, and the beat of a true time.
  const timeAt = (act, beat) => along(act.clock, beat);
  const beatOf = (act, time) => along(act.clock, time, 1);

  // Where to stand still to see each caption's event: a little after it begins, and before the next.
  const stops = (act) =>
    (act.stops ??= act.captions
      .map((caption, i) => {
        const next = act.captions.slice(i + 1).find((later) => later.beat > caption.beat)?.beat ?? act.beats;
        return { beat: Math.min(caption.beat + 0.5, Math.max(caption.beat, next - 0.02)), key: caption.key, words: caption.words };
      })
      .filter((stop, i, all) => i === 0 || stop.beat > all[i - 1].beat || stop.key));

  pmtulab.stageState = { stateAt, timeAt, beatOf, stops, FRESH };
})();
