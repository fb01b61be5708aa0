// What the conformance suites cannot test: the same scenarios over stdio, driven
// by the TypeScript SDK's client and by lines that no client would send, against
// the fixture agent and against the bridge with a tenant's agents.
import { check, expect, expectSame, finish } from './lib/checks.mjs'
import { bridgeProgram, connect, fixtureProgram, overStdio } from './lib/connect.mjs'
import { KEY, gone, serve } from './lib/programs.mjs'
import { fixtureLines, lineScenarios } from './lib/linescenarios.mjs'
import { agentScenarios, askerScenarios, askingScenarios, contentScenarios, eraScenarios } from './lib/stdioscenarios.mjs'

const HELD = 253 // checks that pass; whoever adds one counts it here

const tenant = await serve('sema4-local-tenant')
const base = `${tenant.origin}/tenants/local/api/v2`
await addAsker()

const targets = {
  fixtures: { program: fixtureProgram(), lines: { ...lineScenarios, ...fixtureLines }, scenarios: [contentScenarios, askingScenarios, eraScenarios] },
  bridge: { program: bridgeProgram(['--local']), lines: lineScenarios, scenarios: [agentScenarios] },
  'bridge to REST': { program: bridgeProgram([], { SEMA4_BASE_URL: base, SEMA4_API_KEY: KEY }), lines: {}, scenarios: [agentScenarios, askerScenarios] },
}
// The client looks at a result before the notifications that came in with it, and
// then knows their token no more; so the scenarios read the wire.
const OVERTAKEN = 'Received a progress notification for an unknown token'

for (const [name, target] of Object.entries(targets)) {
  for (const [scenario, run] of Object.entries(target.lines)) await check(`${name}: ${scenario}`, () => run(target.program))
  for (const mode of ['legacy', 'auto', 'modern']) await drive(`${name} ${mode}`, target, mode)
}
await check(`${tenant.name} ends when told to`, tenant.stop)
finish('stdio', HELD)

async function drive(label, { program, scenarios }, mode) {
  const connection = await check(`${label}: connects`, async () => {
    const made = await connect(overStdio(program), mode, { capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} } })
    return { ...made, era: mode === 'legacy' ? 'legacy' : 'modern', said: made.client.getNegotiatedProtocolVersion() }
  })
  if (!connection) return
  for (const [name, run] of scenarios.flatMap(Object.entries)) {
    if (run.era && run.era !== connection.era) continue
    await check(`${label}: ${name}`, () => run(connection))
  }
  await check(`${label}: closes`, async () => {
    expectSame(connection.errors.map(String).filter(error => !error.includes(OVERTAKEN)), [], 'errors of the client')
    const { pid } = connection.transport
    await connection.client.close()
    expect(await gone(pid, 1_000), `${pid} still runs`)
  })
}

// addAsker adds an agent that answers everything with a question.
async function addAsker() {
  const post = async (path, body) => {
    const response = await fetch(base + path, { method: 'POST', headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
    expect(response.ok, `${path}: ${response.status}`)
    return response.json()
  }
  const { id } = await post('/agents', { name: 'Asker', description: 'Asks which year.', architecture_name: 'scripted', runbook_text: '- ask: Which year, {{message}}?\n' })
  await post(`/agents/${id}/publish`, {})
}
