/** A signed-in desk: its places, their surroundings, and what the keys and buttons do. */

import { isOpen } from "./acting/acts.js";
import { ORDER_ACTS } from "./acting/order-acts.js";
import { ROOM_ACTS } from "./acting/room-acts.js";
import { STAY_ACTS } from "./acting/stay-acts.js";
import { openStepUp } from "./acting/step-up.js";
import { Tray } from "./acting/tray.js";
import { base64url } from "./dpop.js";
import { Dashboard } from "./dashboard.js";
import { Heartbeat } from "./heartbeat.js";
import { openHelp } from "./help.js";
import { Listening } from "./live/listening.js";
import { listenForMap } from "./keyboard-map.js";
import { language, LANGUAGES, t } from "./language.js";
import { homeOf, placesOf, readAddress } from "./places.js";
import { openPrintable } from "./printable.js";
import { applyPreferences } from "./preferences.js";
import { Problem, Unreachable } from "./problem.js";
import { settings } from "./settings.js";
import { BoardScreen } from "./screens/board-screen.js";
import { InboxScreen } from "./screens/inbox-screen.js";
import { PreferencesScreen } from "./screens/preferences-screen.js";
import { SearchScreen } from "./screens/search-screen.js";
import { accentOf, buildShell } from "./shell.js";
import { listenForShortcuts } from "./shortcuts.js";
import { applyTheme, askLanguage, THEMES } from "./switches.js";
import { Weather } from "./weather.js";

const SECOND_MS = 1_000;
/** What is done with the line or card that has the focus. */
const BINDINGS = [...STAY_ACTS, ...ROOM_ACTS, ...ORDER_ACTS].map((act) => act.binding).filter(Boolean);
/** Places whose action has another name in the keyboard map than they have here. */
const ACTIONS = { "front-desk-grid": "grid.open" };

async function fingerprintOf(jwk) {
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical)));
}

export class Desk {
  #parts;
  #session;
  #clock;
  #timer = 0;
  #context;
  #screen = null;
  #map = null;
  #stopped = new AbortController();
  #place = null;
  #network;
  #onAddress = () => this.#goTo(readAddress());
  #onAct = (event) => this.#actChanged(event.detail);

  /**
   * @param {{session: import("./session.js").Session, acts: import("./acting/acts.js").Acts,
   *   follower: import("./live/follower.js").Follower,
   *   world: object, clock: import("./server-clock.js").ServerClock, key: object,
   *   announcer: import("./announcer.js").Announcer, route: object, leave: (how: "switch" | "out") => void,
   *   again: () => void}} parts
   */
  constructor(parts) {
    this.#parts = parts;
    this.#session = parts.session;
    this.#clock = parts.clock;
    this.#network = parts.route.mode;
    const { world, announcer, acts } = parts;
    const { who } = this.#session;
    const property = world.properties.find((each) => each.id === who.propertyId) ?? world.properties[0];
    const tenant = world.tenants.find((each) => each.id === who.tenantId);
    const now = () => this.#clock.now();
    this.#context = {
      session: this.#session,
      acts,
      property,
      timeZone: property.timezone,
      staff: world.operators,
      // The doors are the desktop's own data; here the simulated world tells them.
      lockOf: (roomId) => world.locks.find((lock) => lock.roomId === roomId)?.id ?? null,
      now,
      announce: (text) => announcer.say(text),
    };
    this.dashboard = new Dashboard(this.#context);
    this.weather = new Weather({
      changed: () => this.#weatherChanged(),
      route: parts.route,
      closed: () => this.toggleWeather(),
      titleOf: (widget) => this.dashboard.board.card(widget)?.name ?? null,
    });
    this.listening = new Listening({
      follower: parts.follower,
      propertyId: property.id,
      announce: this.#context.announce,
      place: () => ({ id: this.#place, screen: this.#screen }),
    });
    this.shell = buildShell({
      live: this.listening.badge.element,
      world,
      tenant,
      property,
      who,
      now,
      weather: this.weather,
      chooseProperty: (id) => this.#chooseProperty(id),
      help: () => this.#help(),
      print: () => this.#print(),
      pack: () => this.#openPage("/downtime-pack", t("pack.title")),
      refresh: () => this.#refresh(),
      toggleWeather: () => this.toggleWeather(),
      switchOperator: () => parts.leave("switch"),
      signOut: () => parts.leave("out"),
    });
    this.tray = new Tray({
      acts,
      announce: this.#context.announce,
      prove: (act) => this.#prove(act),
      operatorId: who.operatorId,
    });
    this.element = this.shell.element;
    this.element.append(this.tray.element, this.listening.ring.element);
    document.documentElement.dataset.accent = accentOf(world, property.id);
    this.heartbeat = new Heartbeat({ session: this.#session, clock: this.#clock, queueDepth: () => acts.openCount });
  }

  start() {
    this.#timer = setInterval(() => this.shell.tick(), SECOND_MS);
    this.stopShortcuts = listenForShortcuts({
      r: () => this.#refresh(),
      w: () => this.toggleWeather(),
      p: () => this.#print(),
      l: () => this.#nextLanguage(),
      t: () => applyTheme(THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length]),
      "?": () => this.#help(),
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.weather.isOpen && this.weather.element.contains(event.target))
        this.toggleWeather();
    });
    this.heartbeat.start();
    this.#parts.acts.addEventListener("changed", this.#onAct);
    this.#begin();
    addEventListener("hashchange", this.#onAddress);
    this.#goTo(readAddress());
  }

  stop() {
    clearInterval(this.#timer);
    this.stopShortcuts?.();
    this.stopMap?.();
    this.#stopped.abort();
    this.heartbeat.stop();
    this.tray.stop();
    this.listening.stop();
    this.#parts.acts.removeEventListener("changed", this.#onAct);
    removeEventListener("hashchange", this.#onAddress);
    this.#screen?.stop();
    // A dialog of a desk that is no more would lie over whatever comes next.
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  }

  /** Show the place that the address names; the one where this role begins where it names none that this role has. */
  #goTo({ place, query }) {
    const { roles } = this.#session.who;
    const mine = placesOf(roles).some((each) => each.id === place);
    const id = mine ? place : homeOf(roles);
    if (id === this.#place) return;
    const moved = this.#place !== null;
    this.#place = id;
    this.#screen?.stop();
    this.#screen = this.#screenOf(id, { ...this.#context, query });
    this.shell.showPlace(id, this.#screen);
    document.title = `${t(`nav.${id}`)} – ${t("app.name")}`;
    if (moved) {
      scrollTo(0, 0);
      document.getElementById("page-title").focus();
    }
    this.#screen.start();
  }

  /** What the service says at the start: the operator's keys and preferences. Without it the desk has its own keys. */
  async #begin() {
    try {
      const headers = { "Accept-Language": language().tag };
      const start = await this.#session.json("GET", "/bootstrap", { headers, signal: this.#stopped.signal });
      this.#map = start.shortcuts;
      this.stopMap = listenForMap(this.#map, this.#actions());
      if (start.preferences) applyPreferences(start.preferences);
    } catch (problem) {
      if (this.#stopped.signal.aborted) return;
      if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    }
  }

  /** What this desk does for the actions of the service's keyboard map. */
  #actions() {
    const mine = placesOf(this.#session.who.roles).map(({ id }) => [
      ACTIONS[id] ?? `${id}.open`,
      () => this.#walkTo(id),
    ]);
    return {
      ...Object.fromEntries(mine),
      ...Object.fromEntries(BINDINGS.map((binding) => [binding, () => this.#screen.act?.(binding)])),
      "help.open": () => this.#help(),
      "property.choose": () => this.element.querySelector(".house-select")?.focus(),
      "list.filter": () => document.getElementById("board-filter")?.focus(),
    };
  }

  #walkTo(id) {
    location.hash = `#/${id}`;
  }

  #screenOf(id, context) {
    if (id === "dashboard") return this.dashboard;
    if (id === "search") return new SearchScreen(context);
    if (id === "preferences") return new PreferencesScreen(context);
    if (id === "suggestions" || id === "alerts") return new InboxScreen(id, context);
    return new BoardScreen(id, context);
  }

  /** What an act changed is seen at once: the service has dropped what it made stale. */
  #actChanged(change) {
    if (!change || change.act.state === change.was) return;
    if (change.act.kind === "save_shortcuts" && change.act.state === "done") this.#begin();
    if (isOpen(change.act)) this.#screen.repaint?.();
    else this.#screen.refresh?.();
  }

  /** Ask for the second factor of an act that needs one. The simulated person's authenticator can be played here. */
  #prove(act) {
    const { session, acts, now, staff } = this.#context;
    const me = staff.find((each) => each.id === session.who.operatorId);
    openStepUp(act, { session, acts, now, secret: me?.totpSecret ?? null });
  }

  #refresh() {
    this.#screen.refresh?.({ fresh: true });
  }

  async toggleWeather() {
    const opening = !this.weather.isOpen;
    if (opening) {
      this.shell.showWeather(this.weather.troubled, true);
      await this.weather.open();
    } else {
      this.weather.close();
      document.getElementById("weather-toggle")?.focus();
    }
    this.shell.showWeather(this.weather.troubled, this.weather.isOpen);
  }

  /** Everything is asked for again, past the caches, so that the new weather is seen at once. */
  #weatherChanged() {
    const { mode } = this.#parts.route;
    if (mode !== this.#network) this.#parts.follower.reroute();
    this.#network = mode;
    this.shell.showWeather(this.weather.troubled, this.weather.isOpen);
    this.#refresh();
  }

  async #help() {
    openHelp({
      fingerprint: await fingerprintOf(this.#parts.key.publicJwk),
      clockOffsetMs: this.#clock.offsetMs,
      map: this.#map,
      does: new Set(Object.keys(this.#actions())),
    });
  }

  #print() {
    return this.#openPage("/dashboard", t("print.title"));
  }

  #openPage(path, title) {
    const { propertyId } = this.#session.who;
    const address = `${path}?propertyId=${encodeURIComponent(propertyId)}`;
    return openPrintable({ session: this.#session, path: address, title });
  }

  #nextLanguage() {
    const tags = LANGUAGES.map((each) => each.tag);
    askLanguage(tags[(tags.indexOf(language().tag) + 1) % tags.length]);
  }

  /** The choice counts for this desk at once; the service is told so that it becomes the session's own. */
  async #chooseProperty(propertyId) {
    this.#session.chooseProperty(propertyId);
    // The stream tells of the property that its request named.
    this.#parts.follower.reroute();
    try {
      await this.#session.send("PUT", "/session/property", { body: { propertyId } });
    } catch (problem) {
      if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    }
    this.#parts.again();
  }
}
