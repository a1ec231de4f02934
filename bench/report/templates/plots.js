// Small plots in SVG: axes with round ticks, lines and dots. Numbers only; every word on them comes from the caller.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; strings become text, never markup. */
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "circle", "text", "rect", "title", "polyline", "use"].includes(name);
  const element = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A number to three digits, as the tables write it. */
function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size))));
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}

/** Round values between low and high, at most `most` of them; of a logarithmic axis 1, 2 and 5 times powers of ten. */
function ticks(low, high, log, most) {
  if (log) {
    for (const steps of [[1, 2, 5], [1, 3], [1]]) {
      const found = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
        for (const step of steps) if (step * 10 ** power >= low && step * 10 ** power <= high) found.push(step * 10 ** power);
      if (found.length <= most && found.length > 1) return found;
    }
    return [low, high];
  }
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((s) => s * power).find((s) => s >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(Math.abs(at) < step / 1e6 ? 0 : at);
  return found;
}

/** A plot of `lines` ({points: [[x, y]], kind}) and `dots` ({x, y, kind, title, pick}); x and y may be logarithmic. */
function plot({ lines = [], dots = [], x, y, label, width = 340, height = 190 }) {
  const all = [...lines.flatMap((line) => line.points), ...dots.map((dot) => [dot.x, dot.y])];
  const left = 46, right = 10, top = 8, bottom = 34;
  const root = make("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  if (!all.length) return root;
  const scales = [x, y].map((axis, i) => {
    const values = all.map((point) => (axis.log ? Math.log(point[i]) : point[i]));
    let low = Math.min(...values), high = Math.max(...values);
    const margin = (high - low) * 0.05 || 0.1;
    low -= margin; high += margin;
    const [from, to] = i ? [height - bottom, top] : [left, width - right];
    const place = (value) => from + ((axis.log ? Math.log(value) : value) - low) / (high - low) * (to - from);
    const ends = axis.log ? [Math.exp(low), Math.exp(high)] : [low, high];
    return { place, ticks: ticks(...ends, axis.log, i ? 5 : Math.floor(width / 80)) };
  });
  for (const at of scales[0].ticks) {
    const px = scales[0].place(at);
    root.append(make("line", { class: "grid", x1: px, x2: px, y1: top, y2: height - bottom }),
      make("text", { x: px, y: height - bottom + 13, "text-anchor": "middle" }, tickLabel(at)));
  }
  for (const at of scales[1].ticks) {
    const py = scales[1].place(at);
    root.append(make("line", { class: "grid", x1: left, x2: width - right, y1: py, y2: py }),
      make("text", { x: left - 5, y: py + 4, "text-anchor": "end" }, tickLabel(at)));
  }
  root.append(make("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, x.label),
    make("text", { x: 11, y: (top + height - bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 11 ${(top + height - bottom) / 2})` }, y.label));
  for (const line of lines)
    root.append(make("polyline", { class: line.kind, points: line.points.map(([px, py]) => `${scales[0].place(px).toFixed(1)},${scales[1].place(py).toFixed(1)}`).join(" ") }));
  for (const dot of dots)
    root.append(make("circle", { class: `dot ${dot.kind}`, cx: scales[0].place(dot.x).toFixed(1), cy: scales[1].place(dot.y).toFixed(1), r: 4.5, onclick: dot.pick }, make("title", {}, dot.title)));
  return root;
}

function tickLabel(value) {
  return value >= 1000 ? value.toLocaleString("en") : String(Number(value.toPrecision(3))).replace("-", "−");
}
