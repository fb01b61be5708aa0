// Measures what a host waits for, from starting a server to its list of tools, and
// what the server takes while it waits. All servers take turns, so that whatever else
// the machine does is shared. Started by .ci/figures; Linux alone tells the memory.
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createInterface} from 'node:readline'

const rounds = Number(process.argv[2] ?? 25)
const bin = join(import.meta.dirname, '../../bin')
const home = mkdtempSync(join(tmpdir(), 'figures-'))
const started = []

// start returns the address that a server of ours names on stderr.
async function start(command, ...args) {
  const child = spawn(join(bin, command), args, {env: {PATH: process.env.PATH, HOME: home}, stdio: ['ignore', 'ignore', 'pipe']})
  started.push(child)
  for await (const line of createInterface({input: child.stderr})) {
    const url = line.match(/http:\/\/127\.0\.0\.1:\d+/)
    if (url) {
      child.stderr.resume()
      return url[0]
    }
  }
  throw new Error(`${command} names no address`)
}

const requests = [
  {jsonrpc: '2.0', id: 1, method: 'initialize', params: {protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {name: 'figures', version: '1'}}},
  {jsonrpc: '2.0', method: 'notifications/initialized'},
  {jsonrpc: '2.0', id: 2, method: 'tools/list'},
]

// measure is one start: milliseconds until the tools are listed, and MiB a second later
// where that is asked for.
async function measure({command, args = [], env = {}}, restFor) {
  const began = performance.now()
  const child = spawn(command, args, {env: {PATH: process.env.PATH, HOME: home, ...env}, stdio: ['pipe', 'pipe', 'ignore']})
  const exited = once(child, 'exit')
  const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]()
  const answer = async id => {
    for (;;) {
      const {value, done} = await lines.next()
      if (done) throw new Error(`${command} has ended`)
      const message = JSON.parse(value)
      if (message.id !== id) continue
      if (message.error) throw new Error(`${command}: ${value}`)
      return message.result
    }
  }
  child.stdin.write(JSON.stringify(requests[0]) + '\n')
  await answer(1)
  child.stdin.write(requests.slice(1).map(request => JSON.stringify(request) + '\n').join(''))
  const {tools} = await answer(2)
  const took = performance.now() - began
  if (!tools?.length) throw new Error(`${command} has no tools`)
  let memory = 0
  if (restFor) {
    await new Promise(resolve => setTimeout(resolve, restFor))
    memory = Number(readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024
  }
  child.stdin.end()
  const killed = setTimeout(() => child.kill('SIGKILL'), 3000)
  await exited
  clearTimeout(killed)
  return {took, memory}
}

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

try {
  const tenant = await start('sema4-local-tenant', '--listen', '127.0.0.1:0')
  const served = await start('sema4-mcp-server', '--local', '--listen', '127.0.0.1:0')
  const bridge = join(bin, 'sema4-mcp-bridge')
  const servers = {
    'a bare Go server': {command: join(bin, 'bare')},
    'a bare mcp-go server': {command: join(bin, 'mcpgo')},
    'the bridge, with a tenant': {command: bridge, env: {SEMA4_BASE_URL: `${tenant}/api/v2`, SEMA4_API_KEY: 'local-key'}},
    'the bridge, --local': {command: bridge, args: ['--local']},
    'mcp-remote': {command: process.execPath, args: [join(import.meta.dirname, 'node_modules/mcp-remote/dist/proxy.js'),
      `${served}/api/v1/mcp/`, '--transport', 'http-only', '--header', 'Authorization:Bearer local-key']},
  }
  const times = {}, rest = {}
  for (const [name, server] of Object.entries(servers)) {
    times[name] = []
    rest[name] = (await measure(server, 2000)).memory // and warms up: files in memory, agents remembered
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, server] of Object.entries(servers)) times[name].push((await measure(server)).took)
  }
  const [bare, , tenants, local, remote] = Object.values(times).map(median)
  for (const name in servers) {
    console.log(`${name.padEnd(28)} ${median(times[name]).toFixed(0).padStart(5)} ms  ${rest[name].toFixed(0).padStart(4)} MiB at rest`)
  }
  console.log(`medians of ${rounds} starts; with a tenant ${(tenants / bare).toFixed(1)} times a bare server (goal 4), --local ${(local / remote).toFixed(2)} of mcp-remote (goal 0.10),`)
  console.log(`memory ${(rest['the bridge, with a tenant'] / rest['mcp-remote']).toFixed(2)} of mcp-remote (goal 0.25)`)
} finally {
  for (const child of started) child.kill()
  rmSync(home, {recursive: true, force: true})
}
