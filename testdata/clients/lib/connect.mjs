// The TypeScript SDK's client, connected to our binaries, with a record of every
// message as it came in: the order on the wire is what is being checked, and the
// client itself hides it (it drops what comes after the result).
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { KEY, binary, endWithUs } from './programs.mjs'

export const MODERN = '2026-07-28'
export const MODES = { legacy: 'legacy', modern: { pin: MODERN }, auto: 'auto' }

export function http(url, key = KEY) {
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${key}` } } })
}

// bridge starts the bridge with nothing but env in its environment, as some
// hosts do.
export function bridge(flags, env = {}) {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return new StdioClientTransport({ command: 'env', args: ['-i', ...settings, binary('sema4-mcp-bridge'), ...flags], stderr: 'ignore' })
}

export async function connect(transport, mode, options) {
  const client = new Client({ name: 'clients-we-did-not-write', version: '1' }, { versionNegotiation: { mode: MODES[mode] }, ...options })
  const errors = []
  client.onerror = error => errors.push(error)
  endWithUs(transport)
  await client.connect(transport, { timeout: 5_000 })
  const received = []
  const deliver = transport.onmessage
  transport.onmessage = (message, extra) => {
    received.push(message)
    return deliver(message, extra)
  }
  return { client, transport, received, errors }
}
