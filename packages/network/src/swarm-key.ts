// The key of a private network, in the file `swarm.key` of Kubo: three lines, `/key/swarm/psk/1.0.0/`, the encoding, and 32
// bytes in it. Nodes with the key talk to each other alone. Source: libp2p/specs pnet/Private-Networks-PSK-V1.md.
import { CairnError } from '@cairn/core'

const HEADER = '/key/swarm/psk/1.0.0/'
const KEY_BYTES = 32
/** Decoders by the second line of the file. */
const DECODERS: Readonly<Record<string, (text: string) => Buffer | undefined>> = {
  '/base16/': (text) => (/^[0-9a-f]*$/i.test(text) ? Buffer.from(text, 'hex') : undefined),
  '/base64/': (text) => (/^[0-9a-z+/]*={0,2}$/i.test(text) ? Buffer.from(text, 'base64') : undefined),
}

/** Reads the text of a key file and gives its 32 bytes. @throws INVALID for another form, which is not shown */
export function readSwarmKey(text: string): Uint8Array {
  const [header, encoding = '', encoded = '', ...rest] = text.split('\n').map((line) => line.trim())
  if (header !== HEADER) throw invalid(`its first line is not ${HEADER}`)
  const decode = DECODERS[encoding]
  if (decode === undefined) throw invalid('its second line is neither /base16/ nor /base64/')
  const key = rest.every((line) => line === '') ? decode(encoded) : undefined
  if (key?.length !== KEY_BYTES) throw invalid(`its third line does not hold ${KEY_BYTES} bytes`)
  return key
}

/** The text of a key file with base16, which is the one form that every implementation reads. */
export function writeSwarmKey(key: Uint8Array): string {
  return `${HEADER}\n/base16/\n${Buffer.from(key).toString('hex')}\n`
}

function invalid(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot use the swarm key: ${reason}`)
}
