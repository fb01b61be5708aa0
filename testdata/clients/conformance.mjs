// The official conformance suite against real agents. Most of its scenarios want
// a server of fixtures, which no agent is: such a scenario may fail for want of
// them and for nothing else. What an agent's server can do, it has to do.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, expect, finish, note } from './lib/checks.mjs'
import { AGENTS, KEY, agentPath, runNode, serve, tenantPath } from './lib/programs.mjs'
import { keyProxy } from './lib/proxy.mjs'

// Scenarios that pass, and how many checks in each: with fewer, a scenario
// passes for having looked at less.
const agent20251125 = {
  'server-initialize': 2, ping: 2, 'tools-list': 3, 'dns-rebinding-protection': 2, 'server-session-lifecycle': 1, 'server-sse-multiple-streams': 1,
  'resources-list': 2, 'prompts-list': 2,
}
const agent20260728 = {
  'server-stateless': 21, 'tools-list': 4, 'server-sse-multiple-streams': 1, 'sep-2164-resource-not-found': 4, 'dns-rebinding-protection': 2,
  'resources-list': 2, 'prompts-list': 2, caching: 8, 'input-required-result-unsupported-methods': 2, 'input-required-result-validate-input': 3, 'http-header-validation': 14,
}
const runs = [
  { suite: 'conformance-stable', flags: ['--suite', 'all'], name: 'stable, all', want: { 'server-initialize': 1, ping: 1, 'tools-list': 1, 'dns-rebinding-protection': 2, 'server-sse-multiple-streams': 1, 'resources-list': 1, 'prompts-list': 1 } },
  { suite: '@modelcontextprotocol/conformance', flags: ['--requirements', '2025-11-25'], name: '2025-11-25', want: agent20251125, schema: true },
  { suite: '@modelcontextprotocol/conformance', flags: ['--requirements', '2026-07-28'], name: '2026-07-28', want: agent20260728, schema: true },
]

// Why a check may fail, by what the suite says of it; checks that say less are
// named. Nothing else may fail.
const excuses = [
  [/tool '\w+' not found: tool not found/, 'the tool is one of the fixtures'],
  [/^Tool 'json_schema_2020_12_tool' not found/, 'the tool is one of the fixtures'],
  [/There is no such resource: /, 'the resource is one of the fixtures'],
  [/There is no such prompt here\./, 'the prompt is one of the fixtures'],
  [/^Not testable: /, 'nothing to test without the fixtures'],
  [/\b(resources subscribe|logging) not supported$/, 'agents declare neither'],
]
const excusedChecks = {
  'sep-2322-multi-round-r1': 'the tool is one of the fixtures',
  'sep-2322-reject-tampered-state': 'the tool is one of the fixtures',
  'sep-2663-server-rejects-mismatched-mcp-name-on-tasks-get': 'nothing to test without the fixtures',
  'sep-2663-server-returns-missing-capability-when-required': 'no tool needs tasks',
}

const output = mkdtempSync(join(tmpdir(), 'conformance-'))
process.on('exit', () => rmSync(output, { recursive: true, force: true }))
const server = await serve('sema4-mcp-server', '--local')
const proxy = await keyProxy(server.origin, KEY)

for (const [endpoint, path] of [['one agent', agentPath(AGENTS.sales)], ['all agents', tenantPath]]) {
  for (const run of runs) await conform(endpoint, path, run)
}
proxy.close()
await check(`${server.name} ends when told to`, server.stop)
finish('Conformance')

async function conform(endpoint, path, { suite, flags, name, want, schema }) {
  const label = `${name}, ${endpoint}`
  const done = await check(`${label}: the suite runs`, async () => {
    const folder = mkdtempSync(join(output, 'run-'))
    const script = fileURLToPath(new URL(`node_modules/${suite}/dist/index.js`, import.meta.url))
    // Its status says that scenarios failed, which the fixtures see to.
    const { stdout, stderr } = await runNode(script, ['server', '--url', proxy.origin + path, ...flags, '-o', folder], { within: 60_000, cwd: output })
    const scenarios = results(folder)
    const announced = stdout.match(/^=== Running scenario: /gm)?.length
    expect(announced && scenarios.size === announced, `results of ${scenarios.size} scenarios of ${announced}: ${stderr.slice(-500)}`)
    return { scenarios, said: `${scenarios.size} scenarios` }
  }, { within: 70_000 })
  if (!done) return

  for (const [scenario, count] of Object.entries(want)) {
    await check(`${label}: ${scenario}`, async () => {
      const checks = done.scenarios.get(scenario)
      expect(checks, 'the suite did not run it')
      const passes = checks.filter(each => each.status === 'SUCCESS').length
      const failed = faults(checks)
      expect(!failed.length && passes >= count, `${passes} checks passed, want ${count}\n${failed.map(told).join('\n')}`)
      return `${passes} passed${excusesOf(checks)}`
    })
  }
  const others = [...done.scenarios].filter(([scenario]) => !(scenario in want))
  await check(`${label}: all other scenarios fail only for want of fixtures`, async () => {
    const failed = others.flatMap(([scenario, checks]) => faults(checks).map(each => `${scenario}: ${told(each)}`))
    expect(!failed.length, failed.join('\n'))
    return `${others.length} scenarios${excusesOf(others.flatMap(([, checks]) => checks))}`
  })
  if (schema) {
    await check(`${label}: every message fits the protocol's schema`, async () => {
      const verdicts = [...done.scenarios.values()].flat().filter(each => each.id === 'wire-schema-valid')
      expect(verdicts.length && verdicts.every(each => each.status === 'SUCCESS'), verdicts.map(told).join('\n'))
      return `${verdicts.reduce((sum, each) => sum + each.details.messagesValidated, 0)} messages`
    })
  }
  // So that a scenario which has come to pass is kept that way.
  const gained = others.filter(([, checks]) => checks.some(passes) && checks.every(each => each.status !== 'FAILURE' && each.status !== 'WARNING'))
  if (gained.length) note(`these pass too, put them into the list: ${gained.map(([scenario]) => scenario).join(', ')}`)
}

// results reads what the suite found: scenario -> its checks.
function results(folder) {
  const scenarios = new Map()
  for (const entry of readdirSync(folder)) {
    const scenario = entry.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '')
    const file = join(folder, entry, 'checks.json')
    // The suite writes none for a scenario that broke down.
    scenarios.set(scenario, existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [{ id: scenario, status: 'FAILURE', errorMessage: 'the scenario broke down' }])
  }
  return scenarios
}

function passes({ id, status }) {
  return status === 'SUCCESS' && id !== 'wire-schema-valid'
}

function excuse({ id, errorMessage = '' }) {
  return excusedChecks[id] ?? excuses.find(([message]) => message.test(errorMessage))?.[1]
}

function faults(checks) {
  return checks.filter(each => each.status === 'FAILURE' && !excuse(each))
}

function excusesOf(checks) {
  const counts = new Map()
  for (const each of checks) {
    if (each.status !== 'FAILURE') continue
    const why = excuse(each)
    counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  return [...counts].map(([why, count]) => `; ${count} not: ${why}`).join('')
}

function told({ id, status, errorMessage, details }) {
  return `${status} ${id}: ${errorMessage ?? JSON.stringify(details)}`
}
