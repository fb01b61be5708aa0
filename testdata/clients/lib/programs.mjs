// Our binaries as processes. Whatever way this program ends, they end with it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { deadline, sleep } from './checks.mjs'

export const KEY = 'local-key'
export const AGENTS = {
  sales: '5a1e0000-0000-4000-8000-000000000001',
  stories: '5a1e0000-0000-4000-8000-000000000002',
  unicode: '5a1e0000-0000-4000-8000-000000000004',
  invoices: '5a1e0000-0000-4000-8000-000000000005',
}

export const binary = name => fileURLToPath(new URL(`../../../bin/${name}`, import.meta.url))
export const agentPath = id => `/tenants/local/api/v1/agent-mcp/${id}/mcp/`
export const tenantPath = '/tenants/local/api/v1/mcp/'

// newThread names a conversation that nobody has had.
export const newThread = () => `tried-${Math.random().toString(36).slice(2, 10)}`

const running = new Set()
const transports = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const { pid } of transports) if (pid) process.kill(pid, 'SIGKILL') // none once it is closed
})

// started notes a process that was started elsewhere.
export function started(child) {
  running.add(child)
  child.on('exit', () => running.delete(child))
  return child
}

// endWithUs is for the processes that the SDK starts.
export const endWithUs = transport => transports.add(transport)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))

// serve starts a binary that listens, on a port that is free, and returns where.
export const serve = (name, ...flags) => listening(name, [...flags, '--listen', '127.0.0.1:0'])

// serveFixtures has the tests of our HTTP layer serve the fixture agent in the
// place of each agent of a local tenant.
export const serveFixtures = () => listening('mcpserver.test', [], { SERVE_FIXTURE_AGENT: '1' })

async function listening(name, args, env) {
  const child = spawn(binary(name), args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...ownEnvironment(), ...env } })
  running.add(child)
  child.on('exit', () => running.delete(child))
  let stderr = ''
  const address = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', status => reject(new Error(`${name} ended with ${status}: ${stderr}`)))
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += text
      const found = stderr.match(/http:\/\/127\.0\.0\.1:\d+/)
      if (found) resolve(found[0])
    })
  })
  const origin = await deadline(address, 10_000)
  return { name, origin, stop: () => stop(child, name) }
}

// stop asks a server to end, as an operator would, and says so if it does not.
async function stop(child, name) {
  if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} had ended before: ${child.exitCode ?? child.signalCode}`)
  child.kill('SIGTERM')
  const [status] = await deadline(once(child, 'exit'), 5_000)
  if (status !== 0) throw new Error(`${name} ended with ${status} on SIGTERM`)
}

// run runs a Node program of the packages to its end.
export async function runNode(script, args, { within = 60_000, env = {}, cwd } = {}) {
  const child = spawn(process.execPath, [script, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...ownEnvironment(), ...env } })
  running.add(child)
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', text => (output[stream] += text))
  try {
    const [status] = await deadline(once(child, 'close'), within)
    return { status, ...output }
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${error.message}; it had written: ${output.stdout.slice(-500)}${output.stderr.slice(-500)}`)
  } finally {
    running.delete(child)
  }
}

export async function gone(pid, within) {
  const until = performance.now() + within
  while (performance.now() < until) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await sleep(10)
  }
  return false
}

// Settings of whoever runs this must not reach the binaries.
function ownEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SEMA4_')))
}
