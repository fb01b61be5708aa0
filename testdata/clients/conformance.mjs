// The official conformance suites against our HTTP layer: with an agent of the
// suites' fixtures behind it, where everything has to pass, and with real agents.
// Most scenarios want fixtures, which no real agent is: there, such a scenario may
// fail for want of them and for nothing else.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, expect, finish, note } from './lib/checks.mjs'
import { AGENTS, KEY, agentPath, runNode, serve, serveFixtures, tenantPath } from './lib/programs.mjs'
import { keyProxy } from './lib/proxy.mjs'
import { excuseOfAgents, excuseOfFixtures, ofAgents, ofFixtures, suites } from './lib/scenarios.mjs'

const output = mkdtempSync(join(tmpdir(), 'conformance-'))
process.on('exit', () => rmSync(output, { recursive: true, force: true }))

const servers = [await serveFixtures(), await serve('sema4-mcp-server', '--local')]
const proxies = []
for (const { origin } of servers) proxies.push(await keyProxy(origin, KEY))
const [fixtures, agents] = proxies.map(proxy => proxy.origin)
const endpoints = [
  { name: 'fixtures', url: fixtures + agentPath(AGENTS.sales), want: ofFixtures, excuse: excuseOfFixtures },
  { name: 'one agent', url: agents + agentPath(AGENTS.sales), want: ofAgents, excuse: excuseOfAgents },
  { name: 'all agents', url: agents + tenantPath, want: ofAgents, excuse: excuseOfAgents },
]

// Two suites at a time. The slow one goes first.
const waiting = ['modern', 'legacy', 'stable'].flatMap(suite => endpoints.map(endpoint => [endpoint, suite]))
const counts = new Map()
await Promise.all([1, 2].map(async () => {
  for (let run; (run = waiting.shift());) await conform(...run)
}))
for (const proxy of proxies) proxy.close()
for (const server of servers) await check(`${server.name} ends when told to`, server.stop)
for (const suite of Object.keys(suites)) note(counts.get(suite) ?? `${suites[suite].name}: not counted`)
finish('Conformance')

async function conform(endpoint, key) {
  const suite = suites[key]
  const { excuse } = endpoint
  const want = endpoint.want[key]
  const label = `${suite.name}, ${endpoint.name}`
  const done = await check(`${label}: the suite runs`, () => run(suite, endpoint), { within: 70_000 })
  if (!done) return

  const held = new Set(Object.entries(want).filter(([scenario, count]) => holds(done.scenarios.get(scenario), scenario, count, excuse)).map(([scenario]) => scenario))
  const wanted = Object.keys(want).map(scenario => [scenario, done.scenarios.get(scenario) ?? []])
  await check(`${label}: its list of scenarios passes`, async () => {
    const lost = wanted.filter(([scenario]) => !held.has(scenario))
    expect(!lost.length, lost.map(([scenario, checks]) => `${scenario}: ${checks.filter(passes).length} checks passed, want ${want[scenario]}\n${faults(scenario, checks, excuse).map(told).join('\n')}`).join('\n'))
    return `${wanted.length} scenarios, ${passed(wanted)} checks${excusesOf(wanted, excuse)}`
  })
  const others = [...done.scenarios].filter(([scenario]) => !(scenario in want))
  await check(`${label}: all other scenarios fail for known reasons alone`, async () => {
    const failed = others.flatMap(([scenario, checks]) => faults(scenario, checks, excuse).map(each => `${scenario}: ${told(each)}`))
    expect(!failed.length, failed.join('\n'))
    return `${others.length} scenarios${excusesOf(others, excuse)}`
  })
  if (suite.release) {
    await check(`${label}: every message fits the protocol's schema`, async () => {
      const verdicts = [...done.scenarios.values()].flat().filter(each => each.id === 'wire-schema-valid')
      expect(verdicts.length && verdicts.every(passes), verdicts.map(told).join('\n'))
      return `${verdicts.reduce((sum, each) => sum + each.details.messagesValidated, 0)} messages`
    })
  }
  // So that a scenario which has come to pass is kept that way.
  const gained = [
    ...wanted.filter(([scenario, checks]) => checks.filter(passes).length > want[scenario]),
    ...others.filter(([, checks]) => checks.some(each => passes(each) && each.id !== 'wire-schema-valid') && !checks.some(fails)),
  ]
  if (gained.length) note(`more passes, put it into the list: ${gained.map(([scenario, checks]) => `${scenario} ${checks.filter(passes).length}`).join(', ')}`)
  if (endpoint.want === ofFixtures) await total(key, done, held)
}

// total holds the suite's own count against ours: that nothing it requires is
// missing from the list.
async function total(key, { scenarios, unscored }, held) {
  const { name, release } = suites[key]
  const kind = release ? 'required scenarios' : 'scenarios'
  const all = [...scenarios.keys()].filter(scenario => !unscored.has(scenario))
  const good = all.filter(scenario => held.has(scenario))
  const failures = all.flatMap(scenario => scenarios.get(scenario)).filter(({ status }) => status === 'FAILURE').length
  const warning = all.filter(scenario => !held.has(scenario) && excuseOfFixtures(scenario))
  const checks = passed(good.map(scenario => [scenario, scenarios.get(scenario)]))
  counts.set(key, `${name}: ${good.length} of ${all.length} ${kind}, ${checks} checks, ${failures} failures` +
    warning.map(scenario => `; ${scenario} only warns: ${excuseOfFixtures(scenario)}`).join(''))
  await check(`${name}, fixtures: the total`, async () => {
    expect(!failures && good.length + warning.length === all.length && !(release && warning.length), counts.get(key))
    return `${good.length} of ${all.length} ${kind}`
  })
}

// run returns what the suite found: scenario -> its checks.
async function run({ script, flags, release }, { url }) {
  const folder = mkdtempSync(join(output, 'run-'))
  const main = fileURLToPath(new URL(`node_modules/${script}/dist/index.js`, import.meta.url))
  // Its status says that scenarios failed, which is looked into here.
  const { stdout, stderr } = await runNode(main, ['server', '--url', url, ...flags, '-o', folder], { within: 60_000, cwd: output })
  const scenarios = results(folder)
  const announced = stdout.match(/^=== Running scenario: /gm)?.length
  expect(announced && scenarios.size === announced, `results of ${scenarios.size} scenarios of ${announced}: ${stderr.slice(-500)}`)
  const [, apart] = stdout.split(/^Not scored for /m)
  expect(!release || apart, `the suite does not say what it requires: ${stdout.slice(-500)}`)
  const unscored = new Set([...(apart ?? '').matchAll(/^ +\S (\S+) \(/gm)].map(([, scenario]) => scenario))
  return { scenarios, unscored, said: `${scenarios.size} scenarios` }
}

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

function holds(checks, scenario, count, excuse) {
  return checks && !faults(scenario, checks, excuse).length && checks.filter(passes).length >= count
}

function faults(scenario, checks, excuse) {
  return checks.filter(each => fails(each) && !excuse(scenario, each))
}

function passed(scenarios) {
  return scenarios.reduce((sum, [, checks]) => sum + checks.filter(passes).length, 0)
}

function passes({ status }) {
  return status === 'SUCCESS'
}

function fails({ status }) {
  return status === 'FAILURE' || status === 'WARNING'
}

function excusesOf(scenarios, excuse) {
  const counts = new Map()
  for (const [scenario, checks] of scenarios) {
    for (const why of checks.filter(fails).map(each => excuse(scenario, each))) counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  return [...counts].map(([why, count]) => `; ${count} not: ${why}`).join('')
}

function told({ id, status, errorMessage, details }) {
  return `${status} ${id}: ${errorMessage ?? JSON.stringify(details)}`
}
