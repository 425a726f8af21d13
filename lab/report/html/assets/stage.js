// The stage: plays the packets of a run over its network. All acts are one length of time, one after the other.
//
// Keys, where the stage has the focus: space plays and pauses; left and right (or , and .) step; n and p go to the next and the
// last thing worth seeing; Home and End; + and - change the speed. Where nothing has the focus and the picture is on the screen,
// space plays it, too: who projects a page should not have to aim. Where motion is not wanted, playing goes from step to step.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});
  const { svg, html, timeWords } = pmtulab;
  const { stateAt, timeAt, beatOf, stops } = pmtulab.stageState;
  const { flagged } = pmtulab.stageBar;
  const { NARROW } = pmtulab.stagePlace;

  const SPEEDS = [[0.25, "¼×"], [0.5, "½×"], [1, "1×"], [2, "2×"], [4, "4×"]];
  const BETWEEN = 1; // beats from the end of an act to the next
  const STILL = 1600; // ms that a step is shown where motion is not wanted
  const STEP_WITHIN = 1.4; // seconds that a step takes at most
  const LONGEST_TICK = 0.1; // seconds that one picture may be late: a page that was hidden goes on where it was
  const TRIED = 50; // of the frames that are selected: the first of them that is on the stage is sought
  const STILLS = 10; // pictures that are printed
  const EARLIER = 2; // captions that stay, below the one of now

  const ICONS = {
    play: "M5 3l12 7-12 7z",
    pause: "M5 3h4v14H5zM11 3h4v14h-4z",
    restart: "M4 3h2.5v14H4zM17 3v14l-10-7z",
    back: "M14 3v14l-9-7zM15 3h2v14h-2z",
    forth: "M6 3l9 7-9 7zM3 3h2v14H3z",
    next: "M3 3l7 7-7 7zM9 3l7 7-7 7zM16 3h2v14h-2z",
  };
  const icon = (name) => svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
  const button = (label, content, does, keys) =>
    html("button", { type: "button", "aria-label": label, title: `${label} (${keys})`, onclick: does }, content);

  // What the bars mean: of kinds, only those that there are.
  const KINDS = { udp: "UDP", tcp: "TCP", fragment: "fragment", icmp: "ICMP", ptb: "“too big”, with the MTU it tells" };
  const legend = ({ acts }) => {
    const there = new Set(acts.flatMap((act) => act.packets.map((packet) => packet.kind)));
    const kinds = Object.entries(KINDS).filter(([kind]) => there.has(kind));
    const items = kinds.map(([kind, words]) => html("li", { class: kind }, words));
    const some = (what) => acts.some((act) => act.packets.some(what));
    const flag = svg("svg", { class: "flag", viewBox: "0 0 28 20", "aria-hidden": "true" }, svg("path", { d: "M27 20V1H2l5 6-5 6h25" }));
    if (some(flagged)) items.push(html("li", { class: "text" }, flag, "DF: don't fragment"));
    if (some((packet) => packet.many > 1)) items.push(html("li", { class: "text" }, "×n: so many alike"));
    return html("ul", { class: "legend" }, ...items, html("li", { class: "text" }, "length: octets · thickness: the MTU that it fits"));
  };

  // The packet with this frame; or the one that stands for it.
  const packetOf = (act, number) =>
    act.packets.find((packet) => packet.frames.includes(number)) ??
    act.packets.find((packet) => packet.many > 1 && packet.frames[0] < number && number <= packet.last);

  // Whether the middle of it is on the screen.
  const inSight = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top + bottom > 0 && (top + bottom) / 2 < innerHeight;
  };

  // Fills `element`, and returns nothing; nothing is there where a run has nothing to show.
  pmtulab.stage = (element, run, bus) => {
    const { motion } = run, { acts } = motion;
    if (!acts.some((act) => act.captions.length)) return;
    const begins = [];
    let whole = 0;
    for (const act of acts) {
      begins.push(whole);
      whole += act.beats + BETWEEN;
    }
    const places = acts.flatMap((act, i) => stops(act).map((stop) => ({ ...stop, beat: begins[i] + stop.beat, act: i })));
    const still = matchMedia("(prefers-reduced-motion: reduce)");

    let now = 0; // in beats of the whole
    let speed = 1;
    let goal = null; // of a step under way: its beat, and the speed to get there
    let playing = false;
    let frame = 0, timer = 0, last = 0; // of the browser's clock
    let told = {}; // what was shown last

    const actAt = (beat) => Math.max(0, begins.findLastIndex((begin) => begin <= beat + 1e-9));
    const send = (kind, detail) => bus.dispatchEvent(new CustomEvent(kind, { detail: { ...detail, from: "stage" } }));

    const scene = new pmtulab.Scene(motion, (id) => {
      const { frames } = acts[actAt(now)].packets.find((packet) => packet.id === id);
      scene.chosen = new Set(frames);
      show();
      send("select", { frames });
    });
    const play = button("Play", icon("play"), () => toggle(), "space");
    const speedName = html("output", { class: "speed" }, "1×");
    const clock = html("output", { class: "clock", "aria-label": "True time since the act's first frame" });
    const scrub = html("input", { type: "range", min: 0, max: whole, step: 0.01, value: 0, "aria-label": "Time" });
    const caption = html("p", { class: "caption", "aria-live": "polite", "aria-atomic": "true" });
    const before = html("ol", { class: "before", "aria-hidden": "true" });
    const heading = html("p", { class: "act-title" });
    const stills = html("ol", { class: "stills" });
    const controls = html("div", { class: "controls", role: "group", "aria-label": "Playing" },
      button("Start again", icon("restart"), () => go(0), "Home"),
      button("Step back", icon("back"), () => step(-1), "left"),
      play,
      button("Step", icon("forth"), () => step(1), "right"),
      button("Next thing worth seeing", icon("next"), () => jump(1), "n"),
      html("span", { class: "speeds", role: "group", "aria-label": "Speed" },
        button("Slower", "−", () => faster(-1), "-"), speedName, button("Faster", "+", () => faster(1), "+")),
      clock);
    const root = html("div", { class: "stage", tabindex: 0, role: "group", "aria-label": "The packets of the run, on their links" },
      heading, scene.root, html("div", { class: "words" }, caption, before),
      html("div", { class: "scrub" }, scrub, html("div", { class: "ruler" }, ...acts.flatMap(mile))), controls, legend(motion));
    element.replaceChildren(root);

    // An act's share of the scrub line, with a tick for each thing worth seeing.
    function mile(act, i) {
      const share = (beats) => `${(100 * beats) / whole}%`;
      const style = `left:${share(begins[i])};width:${share(act.beats)}`;
      const label = { "aria-label": `Act ${i + 1}: ${act.title}`, title: act.title, onclick: () => go(begins[i]) };
      const name = html("button", { type: "button", style, ...label }, acts.length > 1 ? `${i + 1}` : "");
      const ticks = places.filter((place) => place.act === i && place.key);
      return [name, ...ticks.map((place) => html("i", { style: `left:${share(place.beat)}` }))];
    }

    function show() {
      const index = actAt(now), act = acts[index], beat = Math.min(now - begins[index], act.beats);
      const state = stateAt(motion, act, beat), time = Math.round(timeAt(act, beat));
      scene.draw(state, beat);
      scrub.value = now;
      clock.textContent = timeWords(Math.max(0, time)); // it starts with the act's first frame, as the times of a timeline do
      scrub.setAttribute("aria-valuetext", `act ${index + 1}, ${clock.textContent}`);
      if (told.act !== index || told.caption !== state.caption) {
        const number = acts.length > 1 ? `Act ${index + 1} of ${acts.length}` : "";
        const less = act.left_out ? `${act.left_out} ${act.left_out > 1 ? "packets are" : "packet is"} not shown` : "";
        heading.textContent = [number, act.title, less].filter(Boolean).join(" · ");
        const words = act.captions.slice(Math.max(0, state.caption - EARLIER), state.caption + 1).map((one) => one.words).reverse();
        caption.textContent = words[0] ?? " ";
        before.replaceChildren(...words.slice(1).map((one) => html("li", {}, one)));
      }
      if (told.act !== undefined && told.act !== index) send("act", { act: index });
      if (told.beat !== now) send("time", { act: index, t: time });
      told = { act: index, caption: state.caption, beat: now };
    }

    function tick(time) {
      const passed = Math.min(LONGEST_TICK, (time - last) / 1000), end = goal?.beat ?? whole;
      last = time;
      now = Math.min(now + passed * (goal?.speed ?? speed), end);
      show();
      if (now >= end) pause();
      else frame = requestAnimationFrame(tick);
    }

    // Plays on; to `end` = { beat, speed }, where that is given.
    function start(end = null) {
      pause();
      if (now >= whole - BETWEEN && !end) now = 0;
      [playing, goal, scene.chosen] = [true, end, null];
      name();
      if (still.matches) timer = setTimeout(hop, STILL / speed);
      else frame = requestAnimationFrame((time) => ((last = time), tick(time)));
    }

    // Plays without motion.
    function hop() {
      const next = places.find((place) => place.beat > now + 1e-6);
      if (!next) return pause();
      now = next.beat;
      show();
      timer = setTimeout(hop, STILL / speed);
    }

    function pause() {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      [playing, goal] = [false, null];
      name();
    }

    function name() {
      const plays = playing && !goal;
      play.replaceChildren(icon(plays ? "pause" : "play"));
      play.setAttribute("aria-label", plays ? "Pause" : "Play");
      root.dataset.playing = plays ? "on" : playing ? "step" : "off";
    }

    const toggle = () => (playing && !goal ? pause() : start());

    function go(beat) {
      pause();
      now = Math.max(0, Math.min(beat, whole - BETWEEN));
      show();
    }

    // To the next place to stop: forward in motion, back at once.
    function step(way) {
      if (goal) now = goal.beat;
      const to = way > 0 ? places.find((place) => place.beat > now + 1e-6) : places.findLast((place) => place.beat < now - 1e-6);
      if (!to || way < 0 || still.matches) go(to?.beat ?? (way > 0 ? whole : 0));
      else start({ beat: to.beat, speed: Math.max(speed, (to.beat - now) / STEP_WITHIN) });
    }

    function jump(way) {
      const keys = places.filter((place) => place.key);
      const to = way > 0 ? keys.find((place) => place.beat > now + 1e-6) : keys.findLast((place) => place.beat < now - 1e-6);
      go(to?.beat ?? (way > 0 ? whole : 0));
    }

    function faster(way) {
      const at = SPEEDS.findIndex(([one]) => one === speed) + way;
      [speed, speedName.textContent] = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))];
    }

    const keys = {
      " ": toggle, ArrowRight: () => step(1), ".": () => step(1), ArrowLeft: () => step(-1), ",": () => step(-1),
      n: () => jump(1), p: () => jump(-1), Home: () => go(0), End: () => go(whole),
      "+": () => faster(1), "=": () => faster(1), "-": () => faster(-1),
    };
    root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      if (event.key === " " && event.target.closest("button")) return; // it presses the button
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    });
    document.addEventListener("keydown", (event) => {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
      if (event.key !== " " || !plain || event.target !== document.body || !inSight(scene.root)) return;
      event.preventDefault(); // it would scroll
      if (!event.repeat) toggle();
    });
    scrub.addEventListener("input", () => go(Number(scrub.value)));

    bus.addEventListener("select", ({ detail }) => {
      if (detail.from === "stage") return;
      for (const number of (detail.frames ?? []).slice(0, TRIED)) {
        const index = acts.findIndex((act) => packetOf(act, number));
        if (index < 0) continue; // a bare ACK, a neighbour's question: no packet of the stage
        const packet = packetOf(acts[index], number);
        const { left, came } = packet.flights.find((_, i) => packet.frames[2 * i + 1] >= number) ?? packet.flights[0];
        scene.chosen = new Set([...packet.frames, ...detail.frames]);
        return go(begins[index] + (left + (came ?? left + packet.pace)) / 2);
      }
    });
    bus.addEventListener("time", ({ detail }) => {
      if (detail.from !== "stage" && acts[detail.act]) go(begins[detail.act] + beatOf(acts[detail.act], detail.t));
    });
    bus.addEventListener("act", ({ detail }) => {
      if (detail.from !== "stage" && detail.act in begins) go(begins[detail.act]);
    });

    // On paper nothing moves: what is worth seeing is printed as pictures, side by side, and what is said again only once.
    addEventListener("beforeprint", () => {
      const kept = now;
      const first = (place, i) => place.key && places.findIndex((one) => one.act === place.act && one.words === place.words) === i;
      const worth = places.filter(first);
      const share = (i) => Math.floor((i * Math.min(STILLS, worth.length)) / worth.length);
      const pictures = worth.filter((_, i) => share(i) !== share(i - 1)).map((place) => {
        go(place.beat);
        return html("li", {}, scene.root.cloneNode(true), html("p", {}, place.words));
      });
      stills.replaceChildren(...pictures);
      root.append(stills);
      go(kept);
    });
    addEventListener("afterprint", () => stills.remove());

    let width = 0;
    const fit = () => {
      const wide = Math.round(element.clientWidth);
      if (!wide || wide === width) return;
      width = wide;
      // Where there are more pixels it grows, and where there are too few it shrinks; a narrow page turns it instead.
      scene.build(wide < NARROW ? wide : Math.max(Math.min(wide, scene.natural), scene.narrowest));
      show();
    };
    new ResizeObserver(fit).observe(element);
    fit();
  };
})();
