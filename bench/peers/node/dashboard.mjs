// The streamed board: a start frame at once, each widget as it is ready, an end frame.
import { randomBytes } from 'node:crypto'
import { WIDGETS } from './widgets.mjs'

const FRESH_MS = 30_000
const POLL_MS = 10

class FrameWriter {
  #raw
  #pending = ''

  constructor(raw) {
    this.#raw = raw
  }

  // Frames that are ready in the same turn of the loop go out in one write.
  write(frame) {
    if (this.#pending === '') setImmediate(() => this.flush())
    this.#pending += JSON.stringify(frame) + '\n'
  }

  flush() {
    if (this.#pending !== '' && !this.#raw.destroyed) this.#raw.write(this.#pending)
    this.#pending = ''
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export class Dashboard {
  #stores
  #upstreams
  #flights = new Map()

  constructor(stores, upstreams) {
    this.#stores = stores
    this.#upstreams = upstreams
  }

  async stream(context, raw) {
    const keys = WIDGETS.map((widget) => this.#key(widget, context))
    const known = (await this.#stores.lastKnown(keys)).map((stored) => (stored === null ? null : JSON.parse(stored)))
    const now = Date.now()
    const fresh = known.map((entry) => entry !== null && now - Date.parse(entry.asOf) < FRESH_MS)
    const hit = fresh.every(Boolean)
    raw.writeHead(200, {
      ...context.headers,
      'content-type': 'application/x-ndjson',
      'x-cache': hit ? 'HIT' : known.some((entry, index) => entry !== null && !fresh[index]) ? 'STALE' : 'MISS',
      'content-language': context.locale,
    })
    const writer = new FrameWriter(raw)
    const snapshotId = `dsh_${randomBytes(13).toString('hex')}`
    const outcomes = {}
    writer.write(this.#start(context, snapshotId, known))
    const settle = (widget, outcome, entry, problem = null) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      writer.write({
        frame: 'widget', id: widget.id, outcome, outcomeText: outcome, asOf: entry?.asOf ?? null,
        ageMs: entry ? Math.max(0, Date.now() - Date.parse(entry.asOf)) : null, upstreamMs: entry?.upstreamMs ?? null,
        sources: widget.sources, data: entry?.data ?? null, problem,
      })
    }
    await Promise.all(
      WIDGETS.map(async (widget, index) => {
        if (fresh[index]) return settle(widget, 'cached', known[index])
        try {
          settle(widget, 'fresh', await this.#renew(widget, keys[index], context, now + widget.deadlineMs))
        } catch (error) {
          const outcome = error.name === 'TimeoutError' ? 'timeout' : 'error'
          if (known[index] === null) settle(widget, outcome, null, { code: outcome })
          else settle(widget, 'stale', known[index], { code: outcome })
        }
      }),
    )
    const partial = Object.keys(outcomes).some((outcome) => outcome !== 'fresh' && outcome !== 'cached')
    writer.write({ frame: 'end', snapshotId, elapsedMs: Date.now() - now, partial, outcomes })
    writer.flush()
    raw.end()
  }

  #key(widget, context) {
    const variants = widget.varies.map((name) => `:${context[name]}`).join('')
    return `peer:${context.tenantId}:projection:1:ppt_${context.propertyUlid}:${widget.id}${variants}`
  }

  #start(context, snapshotId, known) {
    return {
      frame: 'start', version: 1, snapshotId, tenantId: context.tenantId, propertyId: `ppt_${context.propertyUlid}`,
      locale: context.locale, dir: 'ltr', generatedAt: new Date().toISOString(),
      widgets: WIDGETS.map(({ id, title, definition, kind, span, deadlineMs, skeleton }, index) => ({
        id, title, definition, kind, span, deadlineMs, skeleton, state: known[index] === null ? 'pending' : 'stale',
        ...(known[index] === null ? {} : { asOf: known[index].asOf, data: known[index].data }),
      })),
    }
  }

  // One load in this process for all who want the same, and one in all processes.
  #renew(widget, key, context, deadlineMs) {
    let flight = this.#flights.get(key)
    if (flight === undefined) {
      flight = this.#leadOrFollow(widget, key, context, deadlineMs).finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
    }
    return flight
  }

  async #leadOrFollow(widget, key, context, deadlineMs) {
    const token = randomBytes(16).toString('hex')
    for (;;) {
      const [leads, stored] = await this.#stores.lead(key, token, Math.max(1, deadlineMs - Date.now()) + 250)
      if (leads) return this.#load(widget, key, token, context, deadlineMs)
      const entry = stored === null ? null : JSON.parse(stored)
      if (entry !== null && Date.now() - Date.parse(entry.asOf) < FRESH_MS) return entry
      if (Date.now() > deadlineMs) throw Object.assign(new Error('deadline'), { name: 'TimeoutError' })
      await pause(POLL_MS)
    }
  }

  async #load(widget, key, token, context, deadlineMs) {
    const started = Date.now()
    let stored
    try {
      const read = (service, path, property) => this.#upstreams.read(service, path, context, deadlineMs, property)
      const data = await widget.load(read, context, this.#stores)
      const asOf = new Date()
      stored = { asOf: asOf.toISOString(), upstreamMs: asOf - started, sources: widget.sources, fallback: false, data }
    } finally {
      await (stored === undefined
        ? this.#stores.redis.settle(key, `${key}:lead`, token, 0)
        : this.#stores.settle(key, token, JSON.stringify(stored)))
    }
    return stored
  }
}
