// Where things stand on the stage and how large they are: nodes, the notes of hosts, bores of links. Pixels throughout.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});

  const HOST = { w: 88, h: 60 }, BRIDGE = { w: 74, h: 56 }, ROUTER = 34; // of a router, the radius
  const CARD = { w: 196, row: 21, edge: 12, away: 22 }; // a host's notes: a row of them, around all, and from their host
  const APART = 14; // between boxes in a row
  const COLUMN = 150; // that a node and a link want in a row
  const NARROW = 560; // pages below this are played from top to bottom
  const TOP = 74; // above the first node: room for what is said there
  const WIDEST = 52, NARROWEST = 12, STEP = 9; // bores

  // How wide to draw a size: of MTUs that there are, each at least a step wider than the next, however near they are.
  const gauge = (mtus) => {
    const known = [...new Set(mtus)].sort((a, b) => a - b);
    const step = Math.min(STEP, (WIDEST - NARROWEST) / Math.max(1, known.length - 1));
    const widths = known.map((mtu) => NARROWEST + ((WIDEST - NARROWEST) * mtu) / known.at(-1));
    for (let i = known.length - 2; i >= 0; i--) widths[i] = Math.min(widths[i], widths[i + 1] - step);
    return (octets) => {
      const i = known.findIndex((mtu) => mtu >= octets);
      if (i < 0) return Math.min(WIDEST + 18, widths.at(-1) + 6 + (12 * (octets - known.at(-1))) / known.at(-1));
      const [low, at] = i ? [known[i - 1], widths[i - 1]] : [0, 4];
      return at + ((widths[i] - at) * (octets - low)) / (known[i] - low);
    };
  };

  // From the middle of a node to its edge, in the direction (dx, dy) of length 1.
  const edgeOf = ({ kind }, dx, dy) => {
    if (kind === "router") return ROUTER;
    const { w, h } = kind === "host" ? HOST : BRIDGE;
    return Math.min(w / 2 / Math.abs(dx || 1e-9), h / 2 / Math.abs(dy || 1e-9));
  };

  // A chain from top to bottom.
  const standing = (nodes) => {
    const at = nodes.map((node, i) => [node, 116, TOP + i * COLUMN, "beside"]);
    return { at, high: TOP + (nodes.length - 1) * COLUMN + 40 };
  };

  // A long chain in rows, there and back.
  const wound = (nodes, width, below) => {
    const columns = Math.max(2, Math.floor(width / COLUMN));
    const step = (width - 110) / (columns - 1), row = 110 + below;
    const at = nodes.map((node, i) => {
      const line = Math.floor(i / columns), column = line % 2 ? columns - 1 - (i % columns) : i % columns;
      return [node, 55 + column * step, TOP + line * row, "below"];
    });
    return { at, high: TOP + Math.floor((nodes.length - 1) / columns) * row + 40 + below };
  };

  // Anything else as the layout says, on a narrow page with its rows as columns.
  const laidOut = (nodes, width, below, rows) => {
    const [columns, lines] = [Math.max(...nodes.map((node) => node.x)), Math.max(...nodes.map((node) => node.y))];
    const turned = width < NARROW && columns > lines;
    const [across, down] = turned ? [lines, columns] : [columns, lines];
    const left = turned ? 116 : rows ? CARD.w / 2 + 6 : 56, right = turned ? 50 : left;
    const step = across ? Math.min(310, (width - left - right) / across) : 0;
    const row = down ? Math.max(110, Math.min(170, 560 / down)) + (rows && !turned ? 24 : 0) : 0;
    const start = turned ? left : (width - step * across) / 2;
    const at = nodes.map((node) => {
      const [x, y] = turned ? [node.y, node.x] : [node.x, node.y];
      return [node, start + x * step, TOP + y * row, "below"];
    });
    return { at, high: TOP + down * row + 40 + below };
  };

  // How wide a page must be for the boxes of a row to stand side by side. A chain winds or stands instead.
  const crowded = (nodes) => {
    const rows = [...Map.groupBy(nodes, (node) => node.y).values()].map((row) => row.map((node) => node.x).sort((a, b) => a - b));
    if (rows.length < 2) return 0;
    const gaps = rows.flatMap((row) => row.slice(1).map((x, i) => x - row[i])).filter((gap) => gap > 0);
    return gaps.length ? (Math.max(...rows.flat()) / Math.min(...gaps)) * (HOST.w + APART) + CARD.w + 12 : 0;
  };

  // By name where each node stands (x, y), and on which side its notes are, of which there are so many `rows` at most. `bottom` and
  // `top` are those of the whole picture. A layout's least x and y are 0.
  const place = (motion, width, noted, rows) => {
    const { nodes, links } = motion;
    const chain = nodes.every((node) => node.y === 0), inOrder = nodes.toSorted((a, b) => a.x - b.x);
    const below = rows ? rows * CARD.row + 38 : 10;
    const { at, high } =
      chain && nodes.length > 1 && width < NARROW ? standing(inOrder)
      : chain && nodes.length * COLUMN > width ? wound(inOrder, width, below)
      : laidOut(nodes, width, below, rows);
    const spots = new Map(at.map(([{ name }, x, y, card]) => [name, { x, y, card }]));
    const tall = rows * CARD.row + CARD.edge;
    const ends = links.map(({ a, b }) => [spots.get(a), spots.get(b)]);
    const shares = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
    let top = 0;
    for (const name of noted) {
      // Notes that would lie on a link below their host stand above it.
      const own = spots.get(name);
      if (own?.card !== "below") continue;
      const [x, y] = [own.x - CARD.w / 2 - 16, own.y + HOST.h / 2 + CARD.away];
      const covers = (px, py) => px > x && px < x + CARD.w + 32 && py > y && py < y + tall + 16;
      if (!ends.some(([a, b]) => shares.some((share) => covers(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)))) continue;
      own.card = "above";
      top = Math.min(top, own.y - HOST.h / 2 - tall - CARD.away - 12);
    }
    return { spots, top, bottom: high, tall };
  };

  pmtulab.stagePlace = { NARROW, HOST, BRIDGE, ROUTER, CARD, gauge, edgeOf, place, crowded };
})();
