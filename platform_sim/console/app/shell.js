/** What stands around the dashboard: who is here, where, and what else there is to do. */

import { h, icon } from "./elements.js";
import { clockTime, longDate } from "./formats.js";
import { t } from "./language.js";
import { initials, roleChips } from "./people.js";
import { languageSelect, themeSelect } from "./switches.js";

const ACCENTS = 6;

/** Each property has its own accent, so that a desk that works for two of them sees at once which one is open. */
export function accentOf(world, propertyId) {
  return (world.properties.findIndex((each) => each.id === propertyId) + ACCENTS) % ACCENTS;
}

/** The places of the navigation. A place is listed once it works; boards and inboxes get theirs here. */
const PLACES = [{ id: "dashboard", icon: "dashboard", label: "nav.dashboard" }];

function action(kind, label, onclick, attributes = {}) {
  return h("button", { type: "button", class: "tool", onclick, ...attributes }, icon(kind), h("span", {}, label));
}

function propertySwitch({ world, who, property, chooseProperty }) {
  const mine = world.properties.filter((each) => who.propertyIds.includes(each.id));
  if (mine.length < 2) return h("p", { class: "house-name" }, h("bdi", {}, property.name));
  const options = mine.map((each) => h("option", { value: each.id, selected: each.id === property.id }, each.name));
  // The name's own direction decides where a long one is cut: at its end, whatever the language around it.
  const attributes = { class: "house-select", dir: "auto", "aria-label": t("nav.property") };
  const select = h("select", { ...attributes, onchange: () => chooseProperty(select.value) }, options);
  return h("span", { class: "house-switch" }, select, icon("chevron"));
}

function places(present) {
  const link = (place) => {
    const attributes = { href: `#/${place.id}`, class: "place", "aria-current": place.id === present ? "page" : null };
    return h("li", {}, h("a", attributes, icon(place.icon), h("span", {}, t(place.label))));
  };
  return h("nav", { "aria-label": t("nav.label") }, h("ul", { class: "places" }, PLACES.map(link)));
}

function me({ who, switchOperator, signOut }) {
  const shown = who.displayName ?? who.username;
  const name = h("bdi", { class: "me-name", title: who.username, translate: "no" }, shown);
  const leave = [action("swap", t("nav.switch"), switchOperator), action("leave", t("nav.signout"), signOut)];
  return h(
    "div",
    { class: "me" },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(shown)),
    h("span", { class: "me-text" }, name, roleChips(who.roles)),
    h("div", { class: "me-actions" }, leave),
  );
}

function house(parts) {
  const { tenant } = parts;
  const group = h("p", { class: "group-name" }, h("bdi", {}, tenant.name));
  return [
    h("span", { class: "monogram", "aria-hidden": "true" }, [...tenant.name][0]),
    h("div", { class: "house" }, group, propertySwitch(parts)),
  ];
}

function sidebar(parts) {
  const help = action("help", t("nav.help"), parts.help, { "aria-keyshortcuts": "?" });
  const tools = h("div", { class: "tools" }, help, languageSelect(), themeSelect());
  const body = h("div", { class: "side-body", id: "side-body" }, places(parts.place), tools, me(parts));
  const toggle = () => menu.setAttribute("aria-expanded", String(aside.classList.toggle("is-open")));
  const state = { "aria-expanded": "false", "aria-controls": "side-body" };
  const menu = h("button", { type: "button", class: "button menu-button", ...state, onclick: toggle }, t("nav.menu"));
  const head = h("div", { class: "side-head" }, house(parts), menu);
  const aside = h("header", { class: "side" }, h("div", { class: "side-inner" }, head, body));
  return aside;
}

function pageHead(parts) {
  const { property, dashboard, now } = parts;
  const clock = h("p", { class: "page-date" });
  const show = () => {
    const instant = new Date(now());
    const text = `${longDate(instant, property.timezone)} · ${clockTime(instant, property.timezone)}`;
    if (clock.textContent !== text) clock.textContent = text;
  };
  show();
  const button = (kind, label, onclick, attributes) =>
    h("button", { type: "button", class: "button", onclick, ...attributes }, icon(kind), h("span", {}, label));
  const weather = button("weather", t("nav.weather"), parts.toggleWeather, {
    id: "weather-toggle",
    "aria-expanded": "false",
    "aria-keyshortcuts": "w",
  });
  const head = h(
    "header",
    { class: "page-head" },
    h("div", { class: "page-title" }, h("h1", {}, h("bdi", {}, property.name)), clock),
    h(
      "div",
      { class: "page-actions" },
      dashboard.countdown,
      button("print", t("dash.print"), parts.print, { "aria-keyshortcuts": "p" }),
      weather,
      button("refresh", t("dash.refresh"), () => dashboard.refresh({ fresh: true }), {
        class: "button button-primary",
        "aria-keyshortcuts": "r",
      }),
    ),
  );
  return { head, weather, show };
}

/**
 * Build the shell around a dashboard.
 *
 * @returns {{element: HTMLElement, showWeather: (troubled: number, open: boolean) => void, tick: () => void}}
 */
export function buildShell(parts) {
  const { head, weather, show } = pageHead(parts);
  const element = h(
    "div",
    { class: "app" },
    h("a", { class: "skip", href: "#main" }, t("app.skip")),
    sidebar(parts),
    h("main", { class: "main", id: "main", tabindex: "-1" }, head, parts.dashboard.element),
    parts.weather.element,
  );
  const showWeather = (troubled, open) => {
    weather.classList.toggle("is-troubled", troubled > 0);
    weather.setAttribute("aria-expanded", String(open));
    element.classList.toggle("has-weather", open);
  };
  return { element, showWeather, tick: show };
}
