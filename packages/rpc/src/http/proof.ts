// Proof that a server is the daemon of a repo, by a key that stands in the repo: what a daemon that was killed has left there
// may lead to somebody else, who then gets neither commands nor secrets.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Header with what is to be proven over: 32 random bytes in hex. */
export const CHALLENGE_HEADER = 'X-Cairn-Challenge'

/** Header with the proof: HMAC-SHA256 of the challenge, in hex. */
export const PROOF_HEADER = 'X-Cairn-Proof'

const BYTES = 32

/** A new key, or a new challenge. */
export function newProofText(): string {
  return randomBytes(BYTES).toString('hex')
}

/** The proof over `challenge` by who has `key`; `undefined` for what is no challenge. */
export function proofOf(key: string, challenge: unknown): string | undefined {
  if (typeof challenge !== 'string' || !/^[\da-f]{64}$/.test(challenge)) return undefined
  return createHmac('sha256', key).update(challenge).digest('hex')
}

/** Whether `proof` is that of who has `key`. */
export function isProof(key: string, challenge: string, proof: unknown): boolean {
  const expected = Buffer.from(proofOf(key, challenge) ?? '')
  const given = Buffer.from(typeof proof === 'string' ? proof : '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
