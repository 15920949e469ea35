// Sessions, used proofs, composed widgets in Redis; the operator's devices in Postgres. The commands are the service's.
import Redis from 'ioredis'
import pg from 'pg'
import { Refusal } from './proof.mjs'

const SESSION_SECONDS = 12 * 3600
const KEPT_MS = 630_000

const LEAD = `
local stored = redis.call('GET', KEYS[1])
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {1, stored} end
return {0, stored}`

const SETTLE = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[3] then redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2]) end
redis.call('DEL', KEYS[2])
return 1`

export class Stores {
  constructor({ redisUrl, postgresDsn }) {
    this.redis = new Redis(redisUrl, { enableAutoPipelining: true, maxRetriesPerRequest: 1 })
    this.redis.defineCommand('lead', { numberOfKeys: 2, lua: LEAD })
    this.redis.defineCommand('settle', { numberOfKeys: 2, lua: SETTLE })
    this.postgres = new pg.Pool({ connectionString: postgresDsn, max: 10 })
  }

  // Uses the proof up and reads what a request needs: six commands, one round trip.
  async admit({ claims, digest, ttlMs }) {
    const [first, mark, session, operator, revoked, tenant] = await Promise.all([
      this.redis.set(`replay:${digest}`, '1', 'PX', ttlMs, 'NX'),
      this.redis.get('replay:memory'),
      this.redis.getex(`${claims.tid}:session:${claims.device_id}`, 'EX', SESSION_SECONDS),
      this.redis.get(`${claims.tid}:operator:${claims.sub}`),
      this.redis.exists(`${claims.tid}:revoked:${claims.sid}`),
      this.redis.get(`${claims.tid}:tenant:1`),
    ])
    if (mark === null) throw new Refusal(503, 'STORE_UNAVAILABLE')
    if (first === null) throw new Refusal(401, 'PROOF_REPLAYED')
    if (revoked || session === null || operator === null || tenant === null) throw new Refusal(401, 'SESSION_REVOKED')
    const found = { session: JSON.parse(session), operator: JSON.parse(operator), tenant: JSON.parse(tenant) }
    if (found.session.iam_session_id !== claims.sid || found.session.operator_id !== claims.sub) {
      throw new Refusal(401, 'SESSION_REVOKED')
    }
    if (found.operator.suspended || found.tenant.profile.status !== 'active') throw new Refusal(403, 'OPERATOR_SUSPENDED')
    return found
  }

  lastKnown(keys) {
    return this.redis.mget(keys)
  }

  lead(key, token, holdMs) {
    return this.redis.lead(key, `${key}:lead`, token, holdMs)
  }

  settle(key, token, stored) {
    return this.redis.settle(key, `${key}:lead`, token, KEPT_MS, stored)
  }

  async devicesOf(tenantId, operatorId) {
    const client = await this.postgres.connect()
    try {
      await client.query('begin')
      await client.query({ name: 'tenant', text: "select set_config('app.tenant_id', $1, true)", values: [tenantId] })
      const { rows } = await client.query({
        name: 'devices',
        text: `select device_id, property_id, last_heartbeat_at, queue_depth, network_profile, app_version
          from bff_backoffice.device_sync_status where tenant_id = $1 and operator_id = $2
          order by last_heartbeat_at desc limit 20`,
        values: [tenantId, operatorId],
      })
      await client.query('commit')
      client.release()
      return rows
    } catch (error) {
      client.release(error)
      throw error
    }
  }
}
