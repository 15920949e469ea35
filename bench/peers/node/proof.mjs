// Access token and proof of possession (RFC 9449, section 4.3): the checks of the service, in its order.
import { createHash, timingSafeEqual } from 'node:crypto'
import { calculateJwkThumbprint, compactVerify, createRemoteJWKSet, importJWK, jwtVerify } from 'jose'
import { RecentlyUsed } from './recently-used.mjs'

const ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256']
const KINDS = { ES256: 'EC', EdDSA: 'OKP', Ed25519: 'OKP', PS256: 'RSA' }
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
const AUTHORIZATION = /^dpop +([A-Za-z0-9._~+/-]+=*)$/i
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const IDENTIFIER = /^[a-z]+_[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const PAST_SECONDS = 60
const FUTURE_SECONDS = 10
const REPLICA_SKEW_MS = 10_000

export class Refusal extends Error {
  constructor(status, code) {
    super(code)
    this.status = status
    this.code = code
  }
}

const sha256 = (text) => createHash('sha256').update(text).digest('base64url')

function equal(one, other) {
  const left = Buffer.from(one)
  const right = Buffer.from(other)
  return left.length === right.length && timingSafeEqual(left, right)
}

export class Credentials {
  #issuer
  #jwks
  #tokens = new RecentlyUsed(8192)
  #keys = new RecentlyUsed(4096)
  #hashes = new RecentlyUsed(8192)

  constructor({ issuer, jwksUrl }) {
    this.#issuer = issuer
    this.#jwks = createRemoteJWKSet(new URL(jwksUrl))
  }

  // Who asks, and the digest under which the proof is remembered; throws a Refusal.
  async verify(request, target) {
    const match = AUTHORIZATION.exec(request.headers.authorization ?? '')
    const proof = request.headers.dpop
    if (match === null || match[1].length > 8192) throw new Refusal(401, 'TOKEN_INVALID')
    // Node joins repeated fields with a comma, so this is also the check that there is exactly one.
    if (proof === undefined || proof.length > 4096 || !COMPACT.test(proof)) throw new Refusal(401, 'PROOF_INVALID')
    const token = match[1]
    const now = Date.now() / 1000
    const claims = await this.#token(token, now)
    const verified = await this.#proof(proof, token, request.method, target, now)
    if (!equal(claims.cnf.jkt, verified.thumbprint)) throw new Refusal(401, 'PROOF_INVALID')
    if (request.headers['x-device-id'] !== claims.device_id) throw new Refusal(403, 'DEVICE_MISMATCH')
    return { claims, ...verified }
  }

  async #token(token, now) {
    let claims = this.#tokens.get(token)
    if (claims === undefined) {
      try {
        const options = { issuer: this.#issuer, audience: 'bff-backoffice', algorithms: ALGORITHMS, typ: 'at+jwt' }
        claims = (await jwtVerify(token, this.#jwks, options)).payload
      } catch (error) {
        throw new Refusal(401, error.code === 'ERR_JWT_EXPIRED' ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID')
      }
      const ids = [claims.tid, claims.sub, claims.device_id, claims.sid]
      if (!ids.every((id) => typeof id === 'string' && IDENTIFIER.test(id)) || typeof claims.cnf?.jkt !== 'string') {
        throw new Refusal(401, 'TOKEN_INVALID')
      }
      this.#tokens.put(token, claims)
    }
    if (claims.iat > now + 60 || (claims.nbf ?? claims.iat) > now + 60) throw new Refusal(401, 'TOKEN_INVALID')
    if (now >= claims.exp) throw new Refusal(401, 'TOKEN_EXPIRED')
    return claims
  }

  async #proof(proof, token, method, target, now) {
    let claims
    let known
    try {
      const segment = proof.slice(0, proof.indexOf('.'))
      known = this.#keys.get(segment)
      const key = known ?? (await readKey(segment))
      const { payload } = await compactVerify(proof, key.key, { algorithms: key.algorithms })
      claims = JSON.parse(Buffer.from(payload))
      if (known === undefined) this.#keys.put(segment, key)
      known = key
    } catch {
      throw new Refusal(401, 'PROOF_INVALID')
    }
    const { jti, htm, htu, iat, ath } = claims
    const named = typeof jti === 'string' && jti.length > 0 && jti.length <= 128
    if (!named || htm !== method || typeof htu !== 'string' || canonical(htu) !== target) {
      throw new Refusal(401, 'PROOF_INVALID')
    }
    if (typeof iat !== 'number' || iat < now - PAST_SECONDS || iat > now + FUTURE_SECONDS) {
      throw new Refusal(401, 'PROOF_INVALID')
    }
    if (typeof ath !== 'string' || !equal(ath, this.#hashOf(token))) throw new Refusal(401, 'PROOF_INVALID')
    return {
      thumbprint: known.thumbprint,
      digest: sha256(`${known.thumbprint}\0${method}\0${target}\0${jti}`),
      ttlMs: Math.ceil((iat + PAST_SECONDS - now) * 1000) + REPLICA_SKEW_MS,
    }
  }

  #hashOf(token) {
    let hash = this.#hashes.get(token)
    if (hash === undefined) {
      hash = sha256(token)
      this.#hashes.put(token, hash)
    }
    return hash
  }
}

async function readKey(segment) {
  const header = JSON.parse(Buffer.from(segment, 'base64url'))
  const { alg, typ, jwk } = header
  if (typ !== 'dpop+jwt' || 'crit' in header || 'b64' in header || !ALGORITHMS.includes(alg)) throw new Error('header')
  if (jwk?.kty !== KINDS[alg] || PRIVATE_MEMBERS.some((member) => member in jwk)) throw new Error('jwk')
  return { key: await importJWK(jwk, alg), thumbprint: await calculateJwkThumbprint(jwk), algorithms: [alg] }
}

function canonical(address) {
  if (!URL.canParse(address)) return null
  const url = new URL(address)
  return url.origin + url.pathname
}
