/** Small inline pictures of numbers. Each has its numbers in words beside it, so none is ever the only source. */

import { svg } from "./elements.js";

/**
 * A line over a soft area, for a handful of values in time order. Time runs with the reader: the newest value stands at
 * the end of the line of text.
 *
 * @param {number[]} values at least two
 * @param {{rtl: boolean, label: string}} options
 */
export function sparkline(values, { rtl, label }) {
  const [width, height, pad] = [120, 36, 4];
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const step = (width - pad * 2) / (values.length - 1);
  const points = values.map((value, index) => {
    const along = pad + index * step;
    return [rtl ? width - along : along, height - pad - ((value - low) / range) * (height - pad * 2)];
  });
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const area = `${points[0][0]},${height} ${line} ${points.at(-1)[0]},${height}`;
  const [endX, endY] = points.at(-1);
  return svg(
    "svg",
    {
      class: "sparkline",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": label,
      preserveAspectRatio: "none",
    },
    svg("polygon", { class: "sparkline-area", points: area }),
    svg("polyline", { class: "sparkline-line", points: line, "vector-effect": "non-scaling-stroke" }),
    svg("line", {
      class: "sparkline-end",
      x1: endX,
      y1: endY,
      x2: endX,
      y2: endY,
      "vector-effect": "non-scaling-stroke",
    }),
  );
}

/**
 * A ring of one share, from 0 to 1, with room for a word in the middle.
 *
 * @param {number} share
 */
export function ring(share) {
  const radius = 30;
  const around = 2 * Math.PI * radius;
  const filled = Math.max(0, Math.min(1, share)) * around;
  const circle = { cx: 36, cy: 36, r: radius, fill: "none" };
  return svg(
    "svg",
    { class: "dial", viewBox: "0 0 72 72", "aria-hidden": "true" },
    svg("circle", { ...circle, class: "ring-track" }),
    filled > 0.5 &&
      svg("circle", {
        ...circle,
        class: "ring-share",
        "stroke-dasharray": `${filled} ${around}`,
        transform: "rotate(-90 36 36)",
      }),
  );
}

/**
 * A ring of several parts.
 *
 * @param {{value: number, tone: string}[]} parts
 */
export function donut(parts) {
  const radius = 30;
  const around = 2 * Math.PI * radius;
  const total = parts.reduce((sum, part) => sum + part.value, 0) || 1;
  const shown = parts.filter((part) => part.value > 0);
  const gap = shown.length > 1 ? 1.6 : 0;
  let start = 0;
  const arcs = shown.map((part) => {
    const length = (part.value / total) * around;
    const arc = svg("circle", {
      class: `donut-part tone-${part.tone}`,
      cx: 36,
      cy: 36,
      r: radius,
      fill: "none",
      transform: "rotate(-90 36 36)",
      "stroke-dasharray": `${Math.max(0.8, length - gap)} ${around}`,
      "stroke-dashoffset": -start,
    });
    start += length;
    return arc;
  });
  return svg(
    "svg",
    { class: "donut", viewBox: "0 0 72 72", "aria-hidden": "true" },
    svg("circle", { class: "ring-track", cx: 36, cy: 36, r: radius, fill: "none" }),
    arcs,
  );
}
