// One pool of connections for each upstream, a deadline for each call, and the headers that every call carries.
import { randomBytes } from 'node:crypto'
import { Pool } from 'undici'

const SERVICES = [
  'analytics', 'inventory', 'reservation', 'housekeeping', 'maintenance',
  'pricing', 'billing', 'notification', 'ai-orchestrator', 'property',
]

export class Upstreams {
  #pools

  constructor(baseUrl) {
    const options = { connections: 100, pipelining: 1, keepAliveTimeout: 15_000 }
    this.#pools = new Map(SERVICES.map((name) => [name, new Pool(baseUrl, options)]))
  }

  async read(service, path, context, deadlineMs, property) {
    const left = deadlineMs - Date.now()
    const { statusCode, body } = await this.#pools.get(service).request({
      method: 'GET',
      path: `/${service}-service${path}`,
      signal: AbortSignal.timeout(Math.max(1, left)),
      headers: {
        accept: 'application/json',
        authorization: 'Bearer developer-world',
        'accept-language': context.locale,
        traceparent: `00-${context.traceId}-${randomBytes(8).toString('hex')}-01`,
        'x-request-id': `req_${context.requestId}`,
        'x-request-timeout-ms': String(left),
        'x-request-deadline': new Date(deadlineMs).toISOString(),
        'x-tenant-id': context.tenantId,
        'x-operator-id': context.operatorId,
        'x-operator-roles': context.roles,
        'x-device-id': context.deviceId,
        ...(property === undefined ? {} : { 'x-property-id': property }),
      },
    })
    if (statusCode !== 200) {
      await body.dump()
      throw new Error(`${service} answered ${statusCode}`)
    }
    return body.json()
  }
}
