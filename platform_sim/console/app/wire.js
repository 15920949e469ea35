/** Requests with a proof: the one place where an access token and the device's key meet the network. */

import { makeProof } from "./dpop.js";
import { Problem, readProblem, Unreachable } from "./problem.js";

const APP_VERSION = "1.0.0";
const ATTEMPTS = 3;
const NOT_MODIFIED = 304;

function platform() {
  const text = navigator.userAgentData?.platform ?? navigator.platform ?? "";
  if (/win/i.test(text)) return "win32";
  return /mac/i.test(text) ? "darwin" : "linux";
}

export class Wire {
  #key;
  #clock;
  #askTime;
  #nonces = new Map();

  /**
   * @param {object} parts
   * @param {Awaited<ReturnType<import("./device-key.js").openDeviceKey>>} parts.key
   * @param {import("./server-clock.js").ServerClock} parts.clock
   * @param {() => Promise<string | null>} parts.askTime the server's `Date`, from where this page may read one
   */
  constructor({ key, clock, askTime }) {
    this.#key = key;
    this.#clock = clock;
    this.#askTime = askTime;
  }

  /**
   * Send one request with a fresh proof, and again where the server asks for a nonce or our clock is off.
   *
   * @param {string} method
   * @param {string} url absolute
   * @param {{accessToken?: string, deviceId?: string, headers?: Record<string, string>, body?: unknown,
   *   signal?: AbortSignal, fresh?: boolean}} [options] `fresh` asks every cache on the way to stand aside
   * @returns {Promise<Response>} a 2xx response whose body is still unread, or a 304 to a request that named an `ETag`
   * @throws {Problem} on every other status
   * @throws {Unreachable} when nobody answered
   */
  async send(method, url, options = {}) {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#attempt(method, url, options);
      this.#rememberNonce(url, response);
      if (response.ok || response.status === NOT_MODIFIED) return response;
      const problem = await readProblem(response);
      if (attempt === ATTEMPTS || !(await this.#canMend(problem, response, url))) throw problem;
    }
  }

  /** Send, and read the answer as JSON; 204 gives null. */
  async json(method, url, options = {}) {
    const headers = { Accept: "application/json", ...options.headers };
    const response = await this.send(method, url, { ...options, headers });
    return response.status === 204 ? null : response.json();
  }

  async #attempt(method, url, { accessToken, deviceId, headers = {}, body, signal, fresh = false }) {
    const origin = new URL(url).origin;
    const nonce = this.#nonces.get(origin) ?? null;
    const proof = await makeProof(this.#key, { method, url, accessToken, nonce, now: this.#clock.now() });
    const all = { ...headers, DPoP: proof, "X-App-Version": APP_VERSION, "X-App-Platform": platform() };
    if (accessToken) all.Authorization = `DPoP ${accessToken}`;
    if (deviceId) all["X-Device-Id"] = deviceId;
    if (body !== undefined) all["Content-Type"] = "application/json";
    const text = body === undefined ? undefined : JSON.stringify(body);
    try {
      // Neither mode lets the browser answer by itself. "reload" sends `no-cache`, at which the service's caches stand aside
      // too; so would "no-store", while "no-cache" sends `max-age=0`, which they take for what it is: a browser's own affair.
      return await fetch(url, { method, headers: all, body: text, signal, cache: fresh ? "reload" : "no-cache" });
    } catch (problem) {
      if (signal?.aborted) throw problem;
      throw new Unreachable(origin, problem);
    }
  }

  #rememberNonce(url, response) {
    const nonce = response.headers.get("DPoP-Nonce");
    if (nonce) this.#nonces.set(new URL(url).origin, nonce);
  }

  /** Whether the next attempt has a chance: a nonce has come, or the clock was off and is now right. */
  async #canMend(problem, response, url) {
    if (problem.status !== 401 && problem.status !== 400) return false;
    if (problem.code === "NONCE_REQUIRED" || problem.challenge.includes("use_dpop_nonce")) {
      return this.#nonces.has(new URL(url).origin);
    }
    const aboutProof = problem.code.startsWith("PROOF_INVALID") || problem.challenge.includes("invalid_dpop_proof");
    if (!aboutProof) return false;
    return this.#clock.learn(response.headers.get("Date") ?? (await this.#askTime()));
  }
}

export { APP_VERSION, Problem, Unreachable };
