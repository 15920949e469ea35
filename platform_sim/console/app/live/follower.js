/**
 * Follows what happens at the hotel: by the live stream, and by polling where the network lets no stream through. Both read
 * one log with one cursor, so that changing between them loses and repeats nothing (the service's contract, section 6).
 */

import { Problem, Unreachable } from "../problem.js";
import { eventsOf } from "./event-stream.js";
import { Heartbeats } from "./heartbeats.js";

/** A stream that was let through says so at once; one that is held back says nothing. */
const READY_MS = 4_000;
const POLL_WAIT_SECONDS = 10;
const POLL_PATIENCE_MS = (POLL_WAIT_SECONDS + 8) * 1_000;
/** How long to poll before the next try of a stream. */
const POLL_FOR_MS = 20_000;
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];
const SECOND_MS = 1_000;

/** @typedef {"connecting" | "live" | "polling" | "resync" | "away" | "elsewhere" | "signedout"} LiveState */

/** The stream did not come as it should: it was cut, held back, or fell silent. The log can still be asked. */
class StreamBroken extends Error {}

export class Follower extends EventTarget {
  #session;
  #cursor = null;
  #state = "connecting";
  #running = null;
  #failures = 0;
  #online = () => this.#wake?.();
  #wake = null;

  /** @param {import("../session.js").Session} session */
  constructor(session) {
    super();
    this.#session = session;
  }

  get state() {
    return this.#state;
  }

  start() {
    addEventListener("online", this.#online);
    this.#run();
  }

  stop() {
    removeEventListener("online", this.#online);
    this.#running?.abort();
  }

  /** Follow at this window again, after another one took over. */
  again() {
    if (this.#state !== "elsewhere") return;
    this.#running.abort();
    this.#run();
  }

  /** The way to the service has changed: begin anew over it, from where we are. */
  reroute() {
    if (!this.#running || this.#state === "elsewhere" || this.#state === "signedout") return;
    this.#running.abort();
    this.#run();
  }

  async #run() {
    const running = new AbortController();
    this.#running = running;
    this.#become("connecting");
    while (!running.signal.aborted) {
      const ended = await this.#stream(running.signal);
      if (running.signal.aborted) return;
      if (ended === "signedout") {
        this.#become(ended);
        return;
      }
      // Whoever was superseded opens no stream by itself. Asking takes the stream from nobody.
      if (ended === "elsewhere") {
        this.#become(ended);
        await this.#pollFor(running.signal, Number.POSITIVE_INFINITY, ended);
      }
      if (ended === "broken") await this.#pollFor(running.signal, POLL_FOR_MS, "polling");
      if (this.#state === "signedout") return;
    }
  }

  /** One stream, to its end: "again" where it ended as streams do, "broken" where polling has to help out. */
  async #stream(stopped) {
    const mine = new AbortController();
    const either = AbortSignal.any([stopped, mine.signal]);
    const watch = { timer: setTimeout(() => mine.abort(), READY_MS), ready: false };
    try {
      const after = this.#cursor ? `?after=${this.#cursor}` : "";
      const headers = { Accept: "text/event-stream" };
      const response = await this.#session.send("GET", `/sse/stream${after}`, { headers, signal: either });
      for await (const event of eventsOf(response)) {
        const ended = await this.#heard(event, watch, mine);
        if (ended) return ended;
      }
      return "broken";
    } catch (problem) {
      return this.#judge(problem);
    } finally {
      clearTimeout(watch.timer);
      mine.abort();
    }
  }

  /** Take an event or a heartbeat of the stream. Returns how the stream ended, where it did. */
  async #heard({ id, data, comment }, watch, mine) {
    if (watch.beats) {
      clearTimeout(watch.timer);
      watch.timer = setTimeout(() => mine.abort(), watch.beats.patienceMs);
    }
    if (comment !== undefined) {
      if (watch.beats?.held(Date.parse(comment), performance.now())) throw new StreamBroken("held back");
      return null;
    }
    const event = { id, ...JSON.parse(data) };
    this.#cursor = id;
    if (event.channel === "session" && event.type === "ready") {
      watch.beats = new Heartbeats(event.payload.heartbeatSeconds);
      clearTimeout(watch.timer);
      watch.timer = setTimeout(() => mine.abort(), watch.beats.patienceMs);
      this.#failures = 0;
      this.#become("live");
      return null;
    }
    return this.#take(event);
  }

  /** Give an event to whoever listens; returns how the stream ended, where the event says that it does. */
  #take(event) {
    if (event.type === "resync") this.#resync([event.channel]);
    else if (event.channel !== "session") this.dispatchEvent(new CustomEvent("event", { detail: event }));
    else return this.#ended(event);
    return null;
  }

  async #ended({ type }) {
    if (type === "superseded") return "elsewhere";
    if (type === "revoked") {
      this.#session.revoked();
      return "signedout";
    }
    // The stream ends by its token: the next one needs a new one.
    if (type === "expired") await this.#session.renew().catch(() => null);
    return "again";
  }

  /** Poll for a while; the next try of a stream comes after that. `as` is what the desk shows meanwhile. */
  async #pollFor(stopped, forMs, as) {
    const until = performance.now() + forMs;
    while (!stopped.aborted && performance.now() < until) {
      try {
        await this.#poll(stopped, as);
        this.#failures = 0;
      } catch (problem) {
        if (stopped.aborted) return;
        if (this.#judge(problem) === "signedout") {
          this.#become("signedout");
          return;
        }
        this.#become("away");
        await this.#rest(stopped, problem.document?.retryAfter);
      }
    }
  }

  async #poll(stopped, as) {
    // The first one does not wait: where we stand is to be known before anything happens.
    const wait = this.#cursor && this.#state === as ? POLL_WAIT_SECONDS : 0;
    const query = new URLSearchParams({ wait, ...(this.#cursor && { after: this.#cursor }) });
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(POLL_PATIENCE_MS)]);
    const { cursor, events, resync } = await this.#session.json("GET", `/events?${query}`, { signal });
    this.#become(as);
    // Nobody told what happened between the first reading of the screen and this first cursor.
    const lost = this.#cursor ? resync : ["ai", "alerts", "dashboard-refresh-hints"];
    this.#cursor = cursor;
    if (lost.length > 0) this.#resync(lost);
    for (const event of events) this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  /** Something of these channels was lost: whoever shows what they are about reads it anew. */
  #resync(channels) {
    const before = this.#state;
    this.#become("resync");
    const work = [];
    const detail = { channels, until: (promise) => work.push(promise) };
    this.dispatchEvent(new CustomEvent("resync", { detail }));
    const back = () => this.#state === "resync" && this.#become(before);
    Promise.allSettled(work).then(back);
  }

  #judge(problem) {
    if (problem instanceof Problem) {
      const isOver = problem.status === 401 && problem.code !== "TOKEN_EXPIRED";
      if (isOver) return "signedout";
      // A cursor that the service does not know the shape of is none: what is here is read anew.
      if (problem.status === 400 && this.#cursor) {
        this.#cursor = null;
        this.#resync(["ai", "alerts", "dashboard-refresh-hints"]);
      }
      return "broken";
    }
    const isNetwork = problem instanceof Unreachable || problem instanceof StreamBroken || problem instanceof TypeError;
    if (isNetwork || problem.name === "AbortError" || problem.name === "TimeoutError") return "broken";
    throw problem;
  }

  async #rest(stopped, retryAfter) {
    const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)];
    this.#failures += 1;
    await new Promise((resolve) => {
      this.#wake = resolve;
      const timer = setTimeout(resolve, Math.max(pause, (retryAfter ?? 0) * SECOND_MS));
      stopped.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #become(state) {
    if (state === this.#state && state !== "connecting") return;
    const was = this.#state;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, was } }));
  }
}
