/** The console's start, and its two screens: signing in, and the desk. */

import { Acts } from "./acting/acts.js";
import { Announcer } from "./announcer.js";
import { Desk } from "./desk.js";
import { openDeviceKey } from "./device-key.js";
import { fill, h } from "./elements.js";
import { speak } from "./formats.js";
import { askTime, readWorld } from "./iam.js";
import { bestLanguage, t } from "./language.js";
import { Follower } from "./live/follower.js";
import { forgetAddress } from "./places.js";
import { forgetPreferences } from "./preferences.js";
import { ServerClock } from "./server-clock.js";
import { Session, storedState } from "./session.js";
import { settings } from "./settings.js";
import { SignInScreen } from "./sign-in.js";
import { applyTheme } from "./switches.js";
import { Wire } from "./wire.js";

class Console {
  #announcer = new Announcer();
  #root = document.getElementById("console");
  #clock = new ServerClock();
  #session = null;
  #acts = null;
  #follower = null;
  #desk = null;
  #screen = "signin";
  #notice = null;

  async start() {
    speak(bestLanguage([settings.language, ...navigator.languages].filter(Boolean)));
    applyTheme(settings.theme);
    document.body.append(this.#announcer.element);
    document.addEventListener("console:language", (event) => this.#chooseLanguage(event.detail));
    const [config, world, key] = await Promise.all([this.#readConfig(), readWorld(), openDeviceKey()]);
    this.world = world;
    this.key = key;
    const [direct] = config.bffUrls;
    /** The way to the service. Through the simulator's network proxy where the weather panel says so. */
    this.route = { origin: direct, direct, proxy: config.proxyUrl, prefix: config.apiPrefix };
    this.wire = new Wire({ key, clock: this.#clock, askTime });
    const state = storedState();
    if (state && world.tenants.some((tenant) => tenant.id === state.tenantId)) this.#open(state);
    this.show();
  }

  /** Paint the present screen anew. */
  show() {
    this.#desk?.stop();
    this.#desk = null;
    document.title = t("app.name");
    if (this.#session && this.#screen === "desk") this.#showDesk();
    else this.#showSignIn();
  }

  async #readConfig() {
    const response = await fetch("config.json", { cache: "no-store" });
    this.#clock.learn(response.headers.get("Date"));
    return response.json();
  }

  #chooseLanguage(tag) {
    settings.change({ language: tag });
    speak(tag);
    const id = document.activeElement?.closest("[data-language-switch]") ? "[data-language-switch]" : null;
    this.show();
    // The whole page was painted anew; whoever used the menu is still at the menu.
    if (id) this.#root.querySelector(id)?.focus();
  }

  #showSignIn() {
    delete document.documentElement.dataset.accent;
    forgetPreferences();
    const back = this.#session ? () => this.#goTo("desk") : null;
    const parts = { world: this.world, wire: this.wire, notice: this.#notice, back };
    const screen = new SignInScreen({ ...parts, signedIn: (who, tokens) => this.#signedIn(who, tokens) });
    this.#notice = null;
    fill(this.#root, screen.element);
    screen.submit.focus({ preventScroll: true });
  }

  #showDesk() {
    this.#desk = new Desk({
      session: this.#session,
      acts: this.#acts,
      follower: this.#follower,
      world: this.world,
      clock: this.#clock,
      key: this.key,
      announcer: this.#announcer,
      route: this.route,
      leave: (how) => this.#leave(how),
      again: () => this.show(),
    });
    fill(this.#root, this.#desk.element);
    this.#desk.start();
  }

  #goTo(screen) {
    this.#screen = screen;
    this.show();
  }

  /** The new operator's tokens are here. Only now does the one before leave: a failed attempt costs nobody their desk. */
  async #signedIn(who, { accessToken, refreshToken, expiresIn, deviceId }) {
    const before = this.#session;
    this.#session = null;
    // The next person begins where their own role begins.
    if (before) forgetAddress();
    await before?.signOut();
    const lifetimeMs = expiresIn * 1000;
    this.#open({ ...who, accessToken, refreshToken, deviceId, lifetimeMs, expiresAt: this.#clock.now() + lifetimeMs });
    this.show();
  }

  #open(state) {
    const session = new Session({ wire: this.wire, route: this.route, clock: this.#clock, state });
    session.addEventListener("ended", (event) => this.#ended(session, event.detail));
    this.#session = session;
    this.#silence();
    this.#acts = new Acts(session);
    this.#acts.start();
    this.#follower = new Follower(session);
    this.#follower.start();
    this.#screen = "desk";
  }

  /** Nobody acts and nobody listens any more. */
  #silence() {
    this.#acts?.stop();
    this.#follower?.stop();
  }

  #ended(session, problem) {
    if (session !== this.#session) return;
    this.#session = null;
    this.#silence();
    this.#notice = problem.code === "SESSION_REVOKED" ? t("signin.ended.revoked") : t("signin.ended");
    this.#goTo("signin");
  }

  async #leave(how) {
    if (how === "out") {
      const session = this.#session;
      this.#session = null;
      this.#silence();
      forgetAddress();
      this.#goTo("signin");
      await session.signOut();
      return;
    }
    this.#goTo("signin");
  }
}

try {
  await new Console().start();
} catch (problem) {
  // The last resort: whatever went wrong, the desk sees a sentence and a way on, and the reason stands in the log.
  console.error(problem);
  const again = h(
    "button",
    { type: "button", class: "button button-primary", onclick: () => location.reload() },
    t("app.reload"),
  );
  fill(
    document.getElementById("console"),
    h("main", { class: "broken" }, h("h1", {}, t("app.broken")), h("p", {}, t("app.broken.hint")), again),
  );
}
