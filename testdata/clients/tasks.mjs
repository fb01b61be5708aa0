// The tasks extension: the official conformance suite's scenarios, which no
// release requires yet, against real agents that stand in for its fixtures.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, expect, finish } from './lib/checks.mjs'
import { fixtureProxy } from './lib/fixtures.mjs'
import { KEY, runNode, serve, tenantPath } from './lib/programs.mjs'

// The scenarios, and how many checks of each pass.
const scenarios = {
  'tasks-capability-negotiation': 5, 'tasks-dispatch-and-envelope': 9, 'tasks-lifecycle': 8, 'tasks-mrtr-input': 3,
  'tasks-request-headers': 5, 'tasks-request-state-removal': 3, 'tasks-wire-fields': 4,
}

// The suite's other scenarios of tasks are not for agents: no tool needs tasks
// (tasks-required-task-error), none asks for input before it becomes one
// (tasks-mrtr-composition), and tasks-status-notifications is still empty.

// What agents are not: these checks may fail, and no others.
const excused = {
  'sep-2663-tasks-get-status-failed': 'a run has no JSON-RPC error to end with',
  'tasks-mrtr-partial-fulfillment': 'an agent asks one thing at a time',
}

const ASKS = '- ask: Delete it?'
const tenant = await serve('sema4-local-tenant')
const base = `${tenant.origin}/tenants/local/api/v2`
await agent('Greeter', '- say: "Hello, {{message}}!"')
await agent('Computer', '- wait: "{{seconds|0}}"\n- say: computed')
await agent('Failing', '- wait: 1s\n- fail: it does not work')
const asker = await agent('Asker', ASKS)
const server = await serve('sema4-mcp-server', '--base-url', base)
const proxy = await fixtureProxy(server.origin, KEY, ({ method }) => {
  if (method === 'tools/call') return teach(asker, ASKS)
  if (method === 'tasks/update') return teach(asker, '- say: "The answer was {{message}}"')
})
const output = mkdtempSync(join(tmpdir(), 'tasks-'))
process.on('exit', () => rmSync(output, { recursive: true, force: true }))

for (const [scenario, count] of Object.entries(scenarios)) {
  await check(scenario, async () => {
    const folder = mkdtempSync(join(output, 'run-'))
    const script = fileURLToPath(new URL('node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url))
    const { stdout, stderr } = await runNode(script, ['server', '--url', proxy.origin + tenantPath, '--scenario', scenario, '-o', folder], { within: 60_000, cwd: output })
    const [run] = readdirSync(folder)
    expect(run, `no results: ${stdout.slice(-500)} ${stderr.slice(-500)}`)
    const checks = JSON.parse(readFileSync(join(folder, run, 'checks.json'), 'utf8'))
    const passes = checks.filter(each => each.status === 'SUCCESS').length
    const failures = checks.filter(each => each.status === 'FAILURE')
    const faults = failures.filter(each => !excused[each.id])
    expect(!faults.length && passes >= count, `${passes} checks passed, want ${count}\n${faults.map(each => `${each.id}: ${each.errorMessage}`).join('\n')}`)
    return `${passes} passed${failures.map(each => `; 1 not: ${excused[each.id]}`).join('')}`
  }, { within: 70_000 })
}
proxy.close()
for (const program of [server, tenant]) await check(`${program.name} ends when told to`, program.stop)
finish('Tasks')

async function agent(name, runbook) {
  const made = await call('POST', '/agents', { name, description: `${name} for the scenarios.`, architecture_name: 'scripted', runbook_text: runbook })
  await call('POST', `/agents/${made.id}/publish`, {})
  return { id: made.id, runbook }
}

async function teach(agent, runbook) {
  if (agent.runbook === runbook) return
  agent.runbook = runbook
  await call('POST', `/agents/${agent.id}/edit`)
  await call('PATCH', `/agents/${agent.id}`, { runbook_text: runbook })
  await call('POST', `/agents/${agent.id}/publish`, {})
}

async function call(method, path, body) {
  const response = await fetch(base + path, { method, headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) })
  expect(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`)
  return response.json()
}
