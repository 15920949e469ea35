/** What stands around the dashboard: who is here, where, and what else there is to do. */

import { fill, h, icon } from "./elements.js";
import { clockTime, longDate } from "./formats.js";
import { t } from "./language.js";
import { initials, roleChips } from "./people.js";
import { hasPack, placesOf } from "./places.js";
import { languageSelect, themeSelect } from "./switches.js";

const ACCENTS = 6;
const GROUPS = ["boards", "inboxes", "own"];

/** Each property has its own accent, so that a desk that works for two of them sees at once which one is open. */
export function accentOf(world, propertyId) {
  return (world.properties.findIndex((each) => each.id === propertyId) + ACCENTS) % ACCENTS;
}

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

function places(roles) {
  const link = (place) =>
    h(
      "li",
      {},
      h(
        "a",
        { href: `#/${place.id}`, class: "place", "data-place": place.id },
        icon(place.icon),
        h("span", {}, t(`nav.${place.id}`)),
      ),
    );
  const mine = placesOf(roles);
  const group = (name) => {
    const list = mine.filter((place) => place.group === name);
    return list.length > 0 && h("ul", { class: "places" }, list.map(link));
  };
  const named = (name) => {
    const list = group(name);
    if (!list) return null;
    const id = `places-${name}`;
    list.setAttribute("aria-labelledby", id);
    return [h("p", { class: "places-title eyebrow", id }, t(`nav.group.${name}`)), list];
  };
  return h("nav", { "aria-label": t("nav.label") }, group(null), GROUPS.map(named));
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
  const pack = hasPack(parts.who.roles) && action("pack", t("nav.pack"), parts.pack, { id: "pack" });
  const tools = h("div", { class: "tools" }, pack, help, languageSelect(), themeSelect());
  const body = h("div", { class: "side-body", id: "side-body" }, places(parts.who.roles), tools, me(parts));
  const toggle = () => menu.setAttribute("aria-expanded", String(aside.classList.toggle("is-open")));
  const state = { "aria-expanded": "false", "aria-controls": "side-body" };
  const menu = h("button", { type: "button", class: "button menu-button", ...state, onclick: toggle }, t("nav.menu"));
  const head = h("div", { class: "side-head" }, house(parts), menu);
  const aside = h("header", { class: "side" }, h("div", { class: "side-inner" }, head, body));
  return aside;
}

/** The line above a screen: what it is, where and when, and what can be done with it. */
function pageHead(parts) {
  const { property, now } = parts;
  const title = h("h1", { id: "page-title", tabindex: "-1" });
  const clock = h("span", {});
  const where = h("p", { class: "page-date" });
  const countdown = h("span", { class: "countdown-place" });
  const showTime = () => {
    const instant = new Date(now());
    const text = `${longDate(instant, property.timezone)} · ${clockTime(instant, property.timezone)}`;
    if (clock.textContent !== text) clock.textContent = text;
  };
  const button = (kind, label, onclick, attributes) =>
    h("button", { type: "button", class: "button", onclick, ...attributes }, icon(kind), h("span", {}, label));
  const weather = button("weather", t("nav.weather"), parts.toggleWeather, {
    id: "weather-toggle",
    "aria-expanded": "false",
    "aria-keyshortcuts": "w",
  });
  const print = button("print", t("dash.print"), parts.print, { "aria-keyshortcuts": "p" });
  const refresh = button("refresh", t("dash.refresh"), parts.refresh, {
    class: "button button-primary",
    "aria-keyshortcuts": "r",
  });
  const head = h(
    "header",
    { class: "page-head" },
    h("div", { class: "page-title" }, title, where),
    h("div", { class: "page-actions" }, parts.live, countdown, print, weather, refresh),
  );
  const showPlace = (id, screen) => {
    const isDashboard = id === "dashboard";
    fill(title, isDashboard ? h("bdi", {}, property.name) : t(`nav.${id}`));
    fill(where, isDashboard ? null : [h("bdi", {}, property.name), " · "], clock);
    fill(countdown, screen.countdown);
    print.hidden = !isDashboard;
    refresh.hidden = !screen.refresh;
    showTime();
  };
  return { head, weather, showTime, showPlace };
}

/**
 * Build what stands around the screens.
 *
 * @returns {{element: HTMLElement, showWeather: (troubled: number, open: boolean) => void, tick: () => void,
 *   showPlace: (id: string, screen: object) => void}}
 */
export function buildShell(parts) {
  const { head, weather, showTime, showPlace } = pageHead(parts);
  const body = h("div", { class: "screen" });
  const side = sidebar(parts);
  const element = h(
    "div",
    { class: "app" },
    h("a", { class: "skip", href: "#main" }, t("app.skip")),
    side,
    h("main", { class: "main", id: "main", tabindex: "-1" }, head, body),
    parts.weather.element,
  );
  // The address says where the desk is, so the link to the content must not change it.
  element.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    element.querySelector("#main").focus();
  });
  const showWeather = (troubled, open) => {
    weather.classList.toggle("is-troubled", troubled > 0);
    weather.setAttribute("aria-expanded", String(open));
    element.classList.toggle("has-weather", open);
  };
  const show = (id, screen) => {
    for (const link of side.querySelectorAll(".place")) {
      if (link.dataset.place === id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    side.classList.remove("is-open");
    side.querySelector(".menu-button").setAttribute("aria-expanded", "false");
    showPlace(id, screen);
    fill(body, screen.element);
  };
  return { element, showWeather, tick: showTime, showPlace: show };
}
