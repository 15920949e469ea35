// The trivial route and the dashboard, as a good Node engineer would write them. Compared with the service in `bench/`.
import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'
import { Dashboard } from './dashboard.mjs'
import { Credentials, Refusal } from './proof.mjs'
import { Stores } from './stores.mjs'
import { Upstreams } from './upstreams.mjs'

const { PORT, REDIS_URL, POSTGRES_DSN, JWKS_URL, ISSUER, UPSTREAM_URL } = process.env
const PREFIX = '/bff/backoffice/v1'
const ORIGIN = `http://127.0.0.1:${PORT}`
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

const credentials = new Credentials({ issuer: ISSUER, jwksUrl: JWKS_URL })
const stores = new Stores({ redisUrl: REDIS_URL, postgresDsn: POSTGRES_DSN })
const dashboard = new Dashboard(stores, new Upstreams(UPSTREAM_URL))

const app = Fastify({ logger: false, keepAliveTimeout: 75_000, bodyLimit: 1_048_576 })

function ownHeaders(request) {
  const given = request.headers['x-request-id']
  const requestId = ULID.test(given) ? given : randomBytes(13).toString('hex').toUpperCase()
  const traceId = TRACEPARENT.exec(request.headers.traceparent)?.[1] ?? randomBytes(16).toString('hex')
  return {
    requestId,
    traceId,
    headers: {
      'x-request-id': requestId,
      traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
      vary: 'Accept, Accept-Language, Authorization, DPoP, Origin',
    },
  }
}

async function authenticated(request) {
  const path = request.raw.url.split('?', 1)[0]
  const verified = await credentials.verify(request, ORIGIN + path)
  const { session, operator } = await stores.admit(verified)
  const wanted = request.query.propertyId ?? request.headers['x-property-id']
  if (wanted !== undefined && !operator.property_scope.includes(wanted)) throw new Refusal(404, 'RESOURCE_NOT_FOUND')
  return { session, operator, propertyId: wanted ?? session.primary_property_id ?? operator.property_scope[0] }
}

app.get('/health/live', async () => ({ status: 'live' }))

app.get(`${PREFIX}/session`, async (request, reply) => {
  const own = ownHeaders(request)
  const { session, operator } = await authenticated(request)
  reply.headers({ ...own.headers, 'content-language': 'en' })
  return {
    id: session.id, tenantId: session.tenant_id, operatorId: session.operator_id, deviceId: session.device_id,
    propertyScope: operator.property_scope,
    primaryPropertyId: session.primary_property_id ?? operator.property_scope[0] ?? null,
    roles: [...operator.roles].sort(), locale: operator.locale, dir: 'ltr',
    appVersion: session.app_version, appPlatform: session.app_platform, networkProfile: session.network_profile,
    state: session.state, openedAt: session.opened_at, lastSeenAt: session.last_seen_at,
    expiresAt: new Date(Date.parse(session.last_seen_at) + 12 * 3_600_000).toISOString(),
  }
})

app.get(`${PREFIX}/dashboard`, async (request, reply) => {
  const own = ownHeaders(request)
  const { session, operator, propertyId } = await authenticated(request)
  reply.hijack()
  const context = {
    ...own,
    headers: { ...own.headers, 'cache-control': 'private, no-store, no-transform', 'x-accel-buffering': 'no' },
    tenantId: session.tenant_id, operatorId: session.operator_id, deviceId: session.device_id,
    propertyUlid: propertyId.slice(4), roles: [...operator.roles].sort().join(','), locale: 'en',
  }
  try {
    await dashboard.stream(context, reply.raw)
  } catch (error) {
    process.stderr.write(`${error.stack}\n`)
    reply.raw.destroy()
  }
})

app.setErrorHandler((error, _request, reply) => {
  const status = error instanceof Refusal ? error.status : 500
  if (status === 500) process.stderr.write(`${error.stack}\n`)
  reply.status(status).type('application/problem+json')
  return JSON.stringify({ title: error.code ?? 'INTERNAL', status, code: error.code ?? 'INTERNAL' })
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0))
await app.listen({ host: '127.0.0.1', port: Number(PORT) })
