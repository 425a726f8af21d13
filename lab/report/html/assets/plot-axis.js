// The axes of a plot: true time, whose long silences are cut out, and round numbers.
"use strict";

(() => {
  const pmtulab = (window.pmtulab ??= {});

  const CUT = 40, OF_ALL = 0.07; // pixels that a silence takes which is cut out, and the share of the axis that it takes at most
  const MUCH = 0.3; // of all other time: a silence that is longer is cut out
  const MOST_CUTS = 5;

  // The time axis: pieces of even time, and where they lie. Gives the pixel of a time, the cuts, and whether anything is left even.
  const axis = (times, low, high) => {
    const all = [...new Set(times)].sort((a, b) => a - b);
    const gaps = all.slice(1).map((time, i) => ({ from: all[i], to: time, long: time - all[i] })).sort((a, b) => b.long - a.long);
    let rest = (all.at(-1) ?? 0) - (all[0] ?? 0);
    const cuts = [];
    for (const gap of gaps.slice(0, MOST_CUTS)) {
      if (gap.long <= MUCH * (rest - gap.long) || all.length < 3) break;
      rest -= gap.long;
      cuts.push(gap);
    }
    cuts.sort((a, b) => a.from - b.from);
    // Of a few moments far apart there is nothing but silences: they share the axis.
    const cut = rest > 0 ? Math.min(CUT, OF_ALL * (high - low)) : (high - low) / Math.max(1, cuts.length);
    const scale = rest > 0 ? (high - low - cuts.length * cut) / rest : 0;
    const points = [[all[0] ?? 0, low]];
    for (const { from, to } of cuts) {
      const at = points.at(-1)[1] + (from - points.at(-1)[0]) * scale;
      points.push([from, at], [to, at + cut]);
    }
    points.push([all.at(-1) ?? 1, high]);
    const along = (at, from) => {
      const i = Math.max(1, points.findIndex((point) => point[from] >= at));
      const [one, two] = at > points.at(-1)[from] ? points.slice(-2) : [points[i - 1], points[i]];
      const share = (at - one[from]) / (two[from] - one[from] || 1);
      return one[1 - from] + Math.max(0, Math.min(1, share)) * (two[1 - from] - one[1 - from]);
    };
    return { x: (time) => along(time, 0), cuts, points, even: rest > 0 };
  };

  // Round numbers, about `count` of them, up to `most`.
  const ticks = (least, most, count) => {
    const raw = (most - least) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
    const found = [];
    for (let at = Math.ceil(least / step) * step; at <= most + 1e-9; at += step) found.push(at);
    return found;
  };

  Object.assign(pmtulab, { plotAxis: axis, plotTicks: ticks });
})();
