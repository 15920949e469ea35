/** Elements without markup strings: what a guest is called can never become markup, and no policy has to trust us. */

const SVG = "http://www.w3.org/2000/svg";

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
  return parent;
}

function assign(node, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

/**
 * Build an HTML element. `on…` attributes are listeners, `vars` sets custom properties, and `null`, `undefined` and
 * `false` leave an attribute or a child out.
 */
export function h(tag, attributes, ...children) {
  return append(assign(document.createElement(tag), attributes), children);
}

/** Build an SVG element, under the same rules. */
export function svg(tag, attributes, ...children) {
  return append(assign(document.createElementNS(SVG, tag), attributes), children);
}

/** Replace what is in `parent`. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  return append(parent, children);
}

/** A code, room number or identifier: left to right inside any sentence, and never translated. */
export function code(text) {
  return h("bdi", { class: "code", dir: "ltr", translate: "no" }, text);
}

/** A name that may be in any script. Its own first strong letter decides its direction. */
export function name(text) {
  return h("bdi", { class: "name", translate: "no" }, text);
}

const ICONS = {
  refresh: "M13 3v4H9M3 13V9h4M12.4 6.2A5 5 0 0 0 3.6 7M3.6 9.8A5 5 0 0 0 12.4 9",
  print: "M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z",
  help: "M6.2 6.2a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.3M8 11.6v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  weather: "M4.6 12.5h6.6a2.6 2.6 0 0 0 .3-5.2 3.7 3.7 0 0 0-7-.6 2.9 2.9 0 0 0 .1 5.8z",
  swap: "M3 5.5h9M9.5 3 12 5.5 9.5 8M13 10.5H4M6.5 8 4 10.5 6.5 13",
  leave: "M6.5 2.5h-3v11h3M7 8h6.5M11 5.5 13.5 8 11 10.5",
  theme: "M8 2v12A6 6 0 0 0 8 2zM14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  language: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM2 8h12M8 2c3.4 3.6 3.4 8.4 0 12M8 2c-3.4 3.6-3.4 8.4 0 12",
  info: "M8 7.3v4M8 4.9v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  close: "M4 4l8 8M12 4l-8 8",
  chevron: "M4.5 6.5 8 10l3.5-3.5",
  dashboard: "M2.5 2.5h4.5v6H2.5zM9 2.5h4.5v3.5H9zM9 8h4.5v5.5H9zM2.5 10.5H7v3H2.5z",
  search: "M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM10 10l3.5 3.5",
  check: "M3 8.5 6.5 12 13 4.5",
  warning: "M8 2.5 14 13H2zM8 6.5v3M8 11.3v.1",
  critical: "M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5zM8 5v3.5M8 10.8v.1",
  sun: "M10.8 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  storm: "M4.6 9.5h6.6a2.6 2.6 0 0 0 .3-5.2 3.7 3.7 0 0 0-7-.6 2.9 2.9 0 0 0 .1 5.8zM8.5 10l-2 2.5h2.6L7.4 15",
  bed: "M2 12.5v-8M2 10.5h12v2M14 10.5V8.3A1.8 1.8 0 0 0 12.2 6.5H7v4M4.7 8.2h.1",
  room: "M4 13.5v-11h8v11M2.5 13.5h11M9.8 8h.1",
  arrive: "M9.5 2.5h4v11h-4M2 8h7.5M6.5 5 9.5 8l-3 3",
  depart: "M6.5 2.5h-4v11h4M6.5 8H14M11 5l3 3-3 3",
  today: "M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3M5.5 10l1.7 1.7 3.3-3.4",
  grid: "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.7h11M6 3v10M10 3v10",
  wrench:
    "M13.3 4.6a3.4 3.4 0 0 1-4.6 4.1L4.4 13a1.6 1.6 0 0 1-2.3-2.3l4.3-4.3a3.4 3.4 0 0 1 4.1-4.6L8.6 3.7l.5 2.2 2.2.5z",
  spark: "M8 2l1.4 4.6L14 8l-4.6 1.4L8 14l-1.4-4.6L2 8l4.6-1.4z",
  bell: "M4 11V7.2a4 4 0 0 1 8 0V11l1.2 1.5H2.8zM6.7 14h2.6",
  sliders: "M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6M10 6V3M6 13v-3",
  pack: "M3 2.5h7l3 3v8H3zM10 2.5v3h3M5.5 8h5M5.5 10.7h5",
  lock: "M4 7.5h8v6H4zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2M8 10v1.2",
  clock: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 4.5V8l2.5 1.5",
  note: "M3 3h10v7.5L10.5 13H3zM5.5 6h5M5.5 8.5h3",
  key: "M9.5 6.5a3 3 0 1 1-3-3 3 3 0 0 1 3 3zM8.6 8.6l5 5M11.5 11.5l1.5-1.5",
};

/** A 16-pixel line icon. It says nothing to a screen reader: the text beside it does. */
export function icon(kind) {
  return svg(
    "svg",
    { class: `icon icon-${kind}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: ICONS[kind] }),
  );
}
