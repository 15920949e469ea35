/** Who is signed in: tokens, their renewal before they expire, and their end. */

import { Problem, Unreachable } from "./problem.js";

const STORE = "backoffice-console.session";
const RENEW_BEFORE_MS = 60_000;
const RENEW_AGAIN_MS = 5_000;
const SHORTEST_DELAY_MS = 1_000;
/** After these no retry can help. Other refusals, such as a missing second factor, leave the session as it is. */
const FINAL = new Set(["TOKEN_INVALID", "SESSION_REVOKED", "REFRESH_INVALID", "OPERATOR_SUSPENDED", "DEVICE_MISMATCH"]);

/**
 * A signed-in operator on this device.
 *
 * The tokens stay in the tab's own storage so that a reload does not sign anybody out. They are bound to the device's
 * key, which can't leave the browser, so whoever copies them has nothing.
 */
export class Session extends EventTarget {
  #wire;
  #route;
  #clock;
  #state;
  #timer = 0;
  #renewal = null;
  #ended = false;

  constructor({ wire, route, clock, state }) {
    super();
    this.#wire = wire;
    this.#route = route;
    this.#clock = clock;
    this.#state = state;
    this.#keep();
    this.#schedule();
  }

  get who() {
    const { accessToken: _a, refreshToken: _r, ...who } = this.#state;
    return who;
  }

  /**
   * Send a request of the service's API as this operator. An expired token is renewed and the request sent once more.
   *
   * @param {string} method
   * @param {string} path below the API's prefix, with its query
   * @throws {Problem | Unreachable}
   */
  async send(method, path, options = {}) {
    try {
      return await this.#once(method, path, options);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.code !== "TOKEN_EXPIRED") throw this.#judge(problem);
    }
    await this.renew();
    try {
      return await this.#once(method, path, options);
    } catch (problem) {
      throw this.#judge(problem);
    }
  }

  async json(method, path, options = {}) {
    const headers = { Accept: "application/json", ...options.headers };
    const response = await this.send(method, path, { ...options, headers });
    return response.status === 204 ? null : response.json();
  }

  /** Renew the tokens now. Callers at the same time share one renewal, since a refresh token is good for one use. */
  async renew() {
    this.#renewal ??= this.#renewOnce().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** Sign out at the service. The tab forgets the tokens whatever the network says. */
  async signOut() {
    const { accessToken, deviceId } = this.#state;
    this.forget();
    try {
      await this.#wire.send("POST", `${this.#api}/auth/sign-out`, { accessToken, deviceId });
    } catch (problem) {
      if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    }
  }

  /** The service says that this session has been ended: it is over here too, at once. */
  revoked() {
    this.#judge(new Problem(401, { code: "SESSION_REVOKED" }));
  }

  /** Stop renewing and drop the tokens, without telling anybody. */
  forget() {
    this.#ended = true;
    clearTimeout(this.#timer);
    sessionStorage.removeItem(STORE);
  }

  /** Remember which property the desk works for. */
  chooseProperty(propertyId) {
    this.#state.propertyId = propertyId;
    this.#keep();
  }

  get #api() {
    return this.#route.origin + this.#route.prefix;
  }

  #once(method, path, options) {
    const { accessToken, deviceId, propertyId } = this.#state;
    const headers = { "X-Property-Id": propertyId, "X-Network-Profile": "good", ...options.headers };
    return this.#wire.send(method, this.#api + path, { ...options, headers, accessToken, deviceId });
  }

  async #renewOnce() {
    const { refreshToken, deviceId } = this.#state;
    const url = `${this.#api}/auth/refresh`;
    try {
      const tokens = await this.#wire.json("POST", url, { deviceId, body: { refreshToken } });
      if (this.#ended) return;
      this.#state.accessToken = tokens.accessToken;
      this.#state.refreshToken = tokens.refreshToken;
      this.#state.expiresAt = this.#clock.now() + tokens.expiresIn * 1000;
      this.#state.lifetimeMs = tokens.expiresIn * 1000;
      this.#keep();
      this.#schedule();
    } catch (problem) {
      throw this.#judge(problem);
    }
  }

  /** End the session where the refusal is final; a bad link or a bad minute of the service is not. */
  #judge(problem) {
    if (problem instanceof Problem && FINAL.has(problem.code) && !this.#ended) {
      this.forget();
      this.dispatchEvent(new CustomEvent("ended", { detail: problem }));
    }
    return problem;
  }

  #keep() {
    if (!this.#ended) sessionStorage.setItem(STORE, JSON.stringify(this.#state));
  }

  #schedule() {
    const early = Math.min(RENEW_BEFORE_MS, this.#state.lifetimeMs / 2);
    const delay = Math.max(SHORTEST_DELAY_MS, this.#state.expiresAt - early - this.#clock.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renewInBackground(), delay);
  }

  async #renewInBackground() {
    try {
      await this.renew();
    } catch {
      if (!this.#ended) this.#timer = setTimeout(() => this.#renewInBackground(), RENEW_AGAIN_MS);
    }
  }
}

/** The state that an earlier page of this tab left behind, or null. */
export function storedState() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "null");
  } catch {
    return null;
  }
}
