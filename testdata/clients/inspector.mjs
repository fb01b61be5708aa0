// The Inspector's command line on both transports and in all its eras: it is
// another reading of the protocol, and with --strict it knows which tool
// schemas some model's API would refuse.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, expect, expectSame, finish } from './lib/checks.mjs'
import { SALES_QUESTION, rowsIn, salesByRegion } from './lib/expected.mjs'
import { AGENTS, KEY, agentPath, binary, newThread, runNode, serve, tenantPath } from './lib/programs.mjs'

const inspector = fileURLToPath(new URL('node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url))
// It keeps a catalogue of servers, and looks for logins, under the home folder.
const home = mkdtempSync(join(tmpdir(), 'inspector-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

const tenant = await serve('sema4-local-tenant')
const server = await serve('sema4-mcp-server', '--local')
const everything = await serve('sema4-mcp-server', '--local', '--toolsets', 'all')
const reading = await serve('sema4-mcp-server', '--local', '--toolsets', 'all', '--read-only')
const regions = await salesByRegion(tenant.origin, AGENTS.sales)

const overHTTP = (path, key = KEY, { origin } = server) => [[origin + path, '--transport', 'http', '--header', `Authorization: Bearer ${key}`], []]
const overStdio = [['--transport', 'stdio'], ['--', binary('sema4-mcp-bridge'), '--local']]
const places = [
  { name: 'http', where: overHTTP(agentPath(AGENTS.sales)), count: 9 },
  { name: 'http, all agents', where: overHTTP(tenantPath), count: 19 },
  { name: 'stdio', where: overStdio, count: 19 },
]
// Servers with other tools: of these the schemas alone are looked at.
const others = [
  { name: 'http, a worker agent', where: overHTTP(agentPath(AGENTS.invoices)), count: 13 },
  { name: 'http, an agent with an emoji', where: overHTTP(agentPath(AGENTS.unicode)), count: 9 },
  { name: 'http, all toolsets', where: overHTTP(tenantPath, KEY, everything), count: 39 },
  { name: 'http, all toolsets, read only', where: overHTTP(tenantPath, KEY, reading), count: 18 },
  { name: 'stdio, all toolsets and files', where: [overStdio[0], [...overStdio[1], '--toolsets', 'all', '--files-dir', home]], count: 39 },
]

for (const { name, where, count } of [...places, ...others]) {
  for (const era of ['legacy', 'modern', 'auto']) {
    await check(`${name} ${era}: tools/list --strict`, async () => {
      const { status, stdout, stderr } = await inspect(where, era, '--strict', '--method', 'tools/list')
      // Findings that are no errors leave the status alone. The bridge's log comes
      // out on stderr too: JSON lines of its own.
      const { result, schemaFindings = [] } = JSON.parse(stdout)
      const said = stderr.split('\n').filter(line => line && !line.startsWith('{"level"'))
      expectSame([status, schemaFindings, said], [0, [], []], 'status and portability findings')
      expectSame(result.tools.length, count, 'tools')
      return `${count} tools, no finding`
    })
  }
}

for (const { name, where } of places) {
  for (const era of ['legacy', 'modern', 'auto']) {
    await check(`${name} ${era}: tools/call`, async () => {
      const { status, stdout, stderr } = await inspect(where, era, '-q', '--method', 'tools/call', '--tool-name', 'message_sales_analyst_agent',
        '--tool-args-json', JSON.stringify({ message: SALES_QUESTION, thread_identifier: newThread() }))
      expectSame(status, 0, stderr)
      const { result } = JSON.parse(stdout)
      expectSame(rowsIn(result.content[0].text), regions, 'sales by region')
      expectSame(!!result._meta?.['io.modelcontextprotocol/serverInfo'], era !== 'legacy', 'that the server says its name in the result')
    })
  }
}

for (const era of ['legacy', 'modern']) {
  await check(`http ${era}: a wrong key`, async () => {
    const { status, stderr } = await inspect(overHTTP(agentPath(AGENTS.sales), 'wrong-key'), era, '-q', '--stored-auth-only', '--method', 'tools/list')
    expect(status !== 0 && stderr.includes('auth_required'), `status ${status}: ${stderr}`)
  })
  await check(`stdio ${era}: a failed tool is a result`, async () => {
    const { stdout } = await inspect(overStdio, era, '-q', '--method', 'tools/call', '--tool-name', 'get_run', '--tool-arg', 'run_id=nonsense')
    const { result } = JSON.parse(stdout)
    expect(result.isError && /not a run id/.test(result.content[0].text), stdout)
  })
}
for (const program of [tenant, server, everything, reading]) await check(`${program.name} ends when told to`, program.stop)
finish('Inspector')

function inspect([place, command], era, ...flags) {
  return runNode(inspector, ['--cli', ...place, '--protocol-era', era, '--format', 'json', ...flags, ...command],
    { within: 20_000, env: { HOME: home, MCP_CATALOG_PATH: join(home, 'catalog.json') } })
}
