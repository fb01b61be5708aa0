// Drives the server over HTTP and the bridge over stdio with the TypeScript
// SDK's client, in both protocol eras, and checks what a host would rely on.
import { check, deadline, expect, expectSame, finish, sleep } from './lib/checks.mjs'
import { MODERN, bridge, connect, http } from './lib/connect.mjs'
import { SALES_QUESTION, questionsIn, rowsIn, salesByRegion, textOf } from './lib/expected.mjs'
import { AGENTS, KEY, agentPath, endWithUs, gone, newThread, serve, tenantPath } from './lib/programs.mjs'

const CALL_BUDGET = 2_000 // milliseconds, of the servers that are asked for stories
const STORY = 'Tell me a 8-second story'
const LAST_SENTENCE = 'You will find that the number depends on how quietly you walk.'

const tenant = await serve('sema4-local-tenant')
const server = await serve('sema4-mcp-server', '--local')
const hasty = await serve('sema4-mcp-server', '--local', '--call-budget', `${CALL_BUDGET}ms`)
const changing = await serve('sema4-mcp-server', '--local', '--toolsets', 'admin')
const remote = await serve('sema4-mcp-server', '--base-url', restSettings(KEY).SEMA4_BASE_URL)

const regions = await salesByRegion(tenant.origin, AGENTS.sales)
const story = await textOf(tenant.origin, AGENTS.stories, 'Tell me a 1-second story') // the pace is all that differs
expect(story.endsWith(LAST_SENTENCE), 'the tenant tells another story than the one known here')

const threadTools = ['list_files', 'read_file', 'list_data_frames', 'read_data_frame']
const agentTools = agent => [`message_${agent}_agent`, `list_${agent}_agent_threads`, `get_${agent}_agent_thread_messages`, 'get_run', 'cancel_run', ...threadTools]
const tenantTools = ['list_agents', 'ask_agent', 'list_threads', 'get_thread_messages', 'get_run', 'cancel_run', ...threadTools,
  'create_work_item', 'get_work_item', 'list_work_items', 'act_on_work_item',
  ...['sales_analyst', 'storyteller', 'echo', 'agente_unicode', 'invoice_clerk'].map(agent => `message_${agent}_agent`)]
const overHTTP = (origin, agent) => () => http(origin + agentPath(agent))

// Each place: where a client connects, what it is to find there.
const places = [
  { name: 'http', open: overHTTP(server.origin, AGENTS.sales), tools: agentTools('sales_analyst') },
  { name: 'http, all agents', open: () => http(server.origin + tenantPath), tools: tenantTools },
  { name: 'stdio', open: () => bridge(['--local']), tools: tenantTools },
  // Two processes, and the REST API between them on a real socket.
  { name: 'http to REST', open: overHTTP(remote.origin, AGENTS.sales), tools: agentTools('sales_analyst') },
  { name: 'stdio to REST', open: () => bridge([], restSettings(KEY)), tools: tenantTools },
]
for (const place of places) for (const mode of ['legacy', 'modern', 'auto']) await visit(place, mode)

await Promise.all(['legacy', 'modern'].flatMap(mode => [
  tellStory(`http ${mode}`, overHTTP(hasty.origin, AGENTS.stories), mode),
  tellStory(`stdio ${mode}`, () => bridge(['--local', '--call-budget', `${CALL_BUDGET}ms`]), mode),
  giveUp(`http ${mode}`, overHTTP(remote.origin, AGENTS.stories), mode),
  giveUp(`stdio ${mode}`, () => bridge([], restSettings(KEY)), mode),
  killBridge(mode, { working: true }),
  killBridge(mode, { working: false }),
]))

for (const mode of ['legacy', 'modern']) {
  await emoji(`http ${mode}`, overHTTP(server.origin, AGENTS.unicode), mode)
  await emoji(`stdio ${mode}`, () => bridge(['--local']), mode)
}
for (const mode of ['legacy', 'modern']) {
  await pick(`http ${mode}`, () => http(server.origin + tenantPath), mode)
  await pick(`stdio ${mode}`, () => bridge(['--local']), mode)
  await changes(`http ${mode}`, () => http(changing.origin + tenantPath), mode)
  await changes(`stdio ${mode}`, () => bridge(['--local', '--toolsets', 'admin']), mode)
}
await refusals()
await probeThenInitialize()
for (const program of [server, hasty, changing, remote, tenant]) await check(`${program.name} ends when told to`, program.stop)
finish('SDK client')

// visit is what a host does first: it connects, lists the tools and asks.
async function visit({ name, open, tools: want }, mode) {
  await withClient(`${name} ${mode}`, open, mode, async (label, connection) => {
    await check(`${label}: tools`, async () => {
      const { tools } = await connection.client.listTools()
      expectSame(tools.map(tool => tool.name).sort(), want.toSorted(), 'tools')
      tools.forEach(checkTool)
      return `${tools.length} of them`
    })
    await check(`${label}: answer with progress`, () => askForSales(connection))
  })
}

async function withClient(label, open, mode, use) {
  const connection = await check(`${label}: connects`, async () => {
    const made = await connect(open(), mode)
    const version = made.client.getNegotiatedProtocolVersion()
    expectSame(version, mode === 'legacy' ? '2025-11-25' : MODERN, 'protocol version')
    return { ...made, said: version }
  })
  if (!connection) return
  await use(label, connection)
  await check(`${label}: closes`, async () => {
    expectSame(connection.errors.map(String).filter(error => !answersCancelled(error, connection)), [], 'errors of the client')
    const { pid } = connection.transport
    await connection.client.close()
    // Hosts kill a process that lingers, and so would the SDK after 2 s.
    if (pid) expect(await gone(pid, 1_000), `the bridge, ${pid}, still runs`)
  })
}

// Without a session, a legacy HTTP server cannot tell whose request a cancelling
// notification means, and answers it all the same: the specification has the
// sender ignore that. This client reports it as an error.
function answersCancelled(error, { transport, cancelled }) {
  return cancelled && transport.pid === undefined && error.startsWith('Error: Received a response for an unknown message ID')
}

function checkTool(tool) {
  expect(/^[a-z0-9_-]{1,40}$/.test(tool.name), `${tool.name}: hosts do not take such a name`)
  expect(tool.description?.length > 20 && tool.description.length < 2048, `${tool.name}: the description is missing or too long`)
  expect(tool.inputSchema.type === 'object', `${tool.name}: the input schema is no object`)
  expect(typeof tool.annotations?.readOnlyHint === 'boolean' && tool.annotations.title, `${tool.name}: annotations are missing`)
}

async function askForSales({ client, received }) {
  const before = received.length
  const told = []
  const result = await call(client, 'message_sales_analyst_agent', { message: SALES_QUESTION, thread_identifier: newThread() },
    { onprogress: progress => told.push(progress) })
  const rows = rowsIn(textIn(result))
  expectSame(rows, regions, 'sales by region')
  expect(!result.isError && result.structuredContent === undefined, 'an answer is text alone: some hosts show nothing but structured content')

  await sleep(200) // a notification that is late would come now
  const ours = received.slice(before)
  const end = ours.findIndex(message => message.result?.content)
  const progress = ours.filter(message => message.method === 'notifications/progress')
  expect(progress.length >= 3, `${progress.length} progress notifications, want three or more`)
  expect(ours.findLastIndex(message => message.method) < end, 'a notification came after the result')
  expectSame(told.map(each => each.progress), progress.map(each => each.params.progress), 'what the client told of the progress')
  expect(told.every((each, i) => each.message && (i === 0 || each.progress > told[i - 1].progress)), `progress does not rise: ${JSON.stringify(told)}`)
  return `${rows.length} regions, ${progress.length} notifications`
}

// tellStory is the promise that no answer is lost: the call ends before the
// agent does, and says how to get the rest.
async function tellStory(name, open, mode) {
  await withClient(`story, ${name}`, open, mode, async (label, { client }) => {
    const begun = await check(`${label}: ends on time with a run id`, async () => {
      const began = performance.now()
      const result = await call(client, 'message_storyteller_agent', { message: STORY, thread_identifier: newThread() })
      const took = performance.now() - began
      expect(took > CALL_BUDGET - 200 && took < CALL_BUDGET + 1_500, `the call took ${Math.round(took)} ms, want about ${CALL_BUDGET}`)
      const [, id] = textIn(result).match(/call get_run with run_id "([^"]+)"/) ?? []
      expect(id, `no run id in: ${textIn(result)}`)
      expectSame([runOf(result).run_id, runOf(result).state, !!result.isError], [id, 'working', false], 'the run in _meta')
      return { id }
    })
    if (!begun) return
    await check(`${label}: get_run brings the whole text`, async () => {
      for (let calls = 1; calls <= 8; calls++) {
        const result = await call(client, 'get_run', { run_id: begun.id })
        expect(!result.isError, `get_run failed: ${textIn(result)}`)
        if (runOf(result).state === 'working') continue
        expectSame(runOf(result).state, 'completed', 'state')
        expectSame(textIn(result), story, 'the story')
        return `${story.length} characters after ${calls} calls`
      }
      throw new Error('the story has no end')
    })
  })
}

// giveUp is a host that hangs up on a long call and asks again.
async function giveUp(name, open, mode) {
  await withClient(`given up, ${name}`, open, mode, (label, connection) => check(`${label}: the same key joins the run`, async () => {
    const { client } = connection
    connection.cancelled = mode === 'legacy'
    const thread = newThread()
    const args = { message: 'Tell me a 4-second story', thread_identifier: thread, idempotency_key: `key-${thread}` }
    const error = await call(client, 'message_storyteller_agent', args, { timeout: 1_000 }).catch(error => error)
    expect(error instanceof Error && /timed out/i.test(error.message), `the call was not given up: ${error}`)
    expectSame(textIn(await call(client, 'message_storyteller_agent', args)), story, 'the story')
    expectSame(await questionsIn(tenant.origin, AGENTS.stories, thread), 1, 'messages sent')
  }))
}

// killBridge is a host that is killed, and another one that knows no more than
// the run's id. It finds what there is in the tenant: all of an answer that was
// complete. The vendor stops an agent that nobody reads any more, so an answer
// may also stay in part; then the result has to say so. Nothing is sent again.
async function killBridge(mode, { working }) {
  const label = `killed ${working ? 'at work' : 'afterwards'}, stdio ${mode}`
  await check(`${label}: another process finds the answer`, async () => {
    const thread = newThread()
    const first = await connect(bridge([], restSettings(KEY)), mode)
    const result = await call(first.client, 'message_storyteller_agent',
      { message: 'Tell me a 4-second story', thread_identifier: thread, ...(working && { wait_seconds: 1 }) })
    expectSame(runOf(result).state, working ? 'working' : 'completed', textIn(result))
    process.kill(first.transport.pid, 'SIGKILL')
    const second = await connect(bridge([], restSettings(KEY)), mode)
    try {
      const found = await call(second.client, 'get_run', { run_id: runOf(result).run_id }, { timeout: 55_000 })
      const { state } = runOf(found)
      if (working && state === 'interrupted') {
        const [, written] = textIn(found).split('Written so far:\n\n')
        expect(found.isError && written?.length > 100, textIn(found))
        // Its last paragraph may end anywhere.
        for (const paragraph of written.trim().split('\n\n')) expect(story.includes(paragraph), `the story has no such paragraph: ${paragraph}`)
      } else {
        expectSame([state, textIn(found)], ['completed', story], 'the run')
      }
      expectSame(await questionsIn(tenant.origin, AGENTS.stories, thread), 1, 'messages sent')
      return state
    } finally {
      await second.client.close()
    }
  }, { within: 60_000 })
}

async function emoji(name, open, mode) {
  await withClient(`emoji, ${name}`, open, mode, (label, { client }) => check(`${label}: answer`, async () => {
    const message = 'Grüße 🚀 “x” \u2028 \\ </script> 𝒳'
    const result = await call(client, 'message_agente_unicode_agent', { message, thread_identifier: newThread() })
    expect(!result.isError, textIn(result))
    const want = await textOf(tenant.origin, AGENTS.unicode, message)
    expect(want.includes(message), 'the tenant does not repeat the message')
    expectSame(textIn(result), want, 'the answer')
  }))
}

// pick is what people do in a host that is not about tools: they attach something
// that is listed, and run a command whose arguments are completed.
async function pick(name, open, mode) {
  await withClient(`pick, ${name}`, open, mode, async (label, { client }) => {
    const thread = newThread()
    await call(client, 'message_echo_agent', { message: 'remember this', thread_identifier: thread })
    await check(`${label}: what is listed is read`, async () => {
      const { resources } = await client.listResources()
      expectSame(resources.slice(0, 5).every(each => /^sema4:\/\/agents\/[^/]+$/.test(each.uri)), true, 'that the cards come first')
      const found = resources.find(each => each.name === thread)
      expect(found, `the thread ${thread} is not in the list`)
      const [{ text }] = (await client.readResource({ uri: found.uri })).contents
      expect(text.includes('remember this'), text)
      const parts = []
      for (let uri = `${found.uri}?limit=20`; uri; ) {
        const [part] = (await client.readResource({ uri })).contents
        parts.push(part.text)
        uri = part._meta?.['ai.sema4/next']
      }
      expectSame(parts.join(''), text, 'the parts together')
      return `${resources.length} resources, one in ${parts.length} parts`
    })
    await check(`${label}: a prompt, completed`, async () => {
      const { prompts } = await client.listPrompts()
      expect(prompts.some(each => each.name === 'ask_echo_agent'), prompts.map(each => each.name).join())
      const blank = (argument, value, before) => client.complete({ ref: { type: 'ref/prompt', name: 'continue_thread' }, argument: { name: argument, value }, context: { arguments: before } })
      expectSame((await blank('agent', 'ech', {})).completion.values, ['Echo'], 'agents')
      expectSame((await blank('thread', thread.slice(0, -1), { agent: 'Echo' })).completion.values, [thread], 'threads')
      const { messages } = await client.getPrompt({ name: 'continue_thread', arguments: { agent: 'Echo', thread } })
      expectSame(messages.map(each => each.content.type), ['text', 'resource_link'], 'messages')
      expect(messages[0].content.text.includes(thread), messages[0].content.text)
    })
  })
}

// changes has the client listen as its era does, on the GET stream or on the one
// line, or by subscribing, and look again when the tools have changed.
async function changes(name, open, mode) {
  await check(`changes, ${name}: the client hears of a new tool`, async () => {
    let heard
    const changed = new Promise(resolve => { heard = resolve })
    const onChanged = (error, tools) => heard(error ?? tools.map(tool => tool.name))
    const { client, errors } = await connect(open(), mode, { listChanged: { tools: { onChanged } } })
    try {
      if (mode === 'legacy') await client.listTools() // what it is to hear of is compared with what it was shown
      await sleep(300) // the client opens its stream behind
      const agent = `Newcomer ${newThread()}`
      const made = await call(client, 'create_agent', { name: agent })
      expect(!made.isError, textIn(made))
      const tools = await deadline(changed, 5_000)
      expect(!(tools instanceof Error), String(tools))
      expect(tools.some(tool => tool.startsWith('message_newcomer_')), `no tool of the new agent: ${tools}`)
      expectSame(errors.map(String), [], 'errors of the client')
    } finally {
      await client.close()
    }
  })
}

async function refusals() {
  const unknown = '5a1e0000-0000-4000-8000-00000000ffff'
  for (const mode of ['legacy', 'modern', 'auto']) {
    await check(`http ${mode}: a wrong key is 401`, async () => {
      const error = await refused(http(server.origin + agentPath(AGENTS.sales), 'wrong-key'), mode)
      expectSame(error.status, 401, String(error))
      expect(!error.message.includes('wrong-key'), 'the error tells the key')
    })
    // Pinned, the client does not tell the status of a discovery that failed:
    // the plain requests below do.
    await check(`http ${mode}: an unknown agent is refused`, async () => {
      const error = await refused(http(server.origin + agentPath(unknown)), mode)
      if (mode !== 'modern') expectSame(error.status, 404, String(error))
    })
  }
  for (const [era, headers, method, _meta] of [
    ['legacy', { 'mcp-protocol-version': '2025-11-25' }, 'tools/list'],
    ['modern', { 'mcp-protocol-version': MODERN, 'mcp-method': 'server/discover' }, 'server/discover',
      { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} }],
  ]) {
    for (const [what, agent, key, want] of [['no key', AGENTS.sales, '', 401], ['a wrong key', AGENTS.sales, 'wrong-key', 401], ['an unknown agent', unknown, KEY, 404]]) {
      await check(`plain ${era} request with ${what}: ${want}`, async () => {
        const response = await fetch(server.origin + agentPath(agent), {
          method: 'POST',
          headers: { ...headers, ...(key && { authorization: `Bearer ${key}` }), 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
          body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: { _meta } }),
          signal: AbortSignal.timeout(5_000),
        })
        const body = await response.json()
        expectSame([response.status, typeof body.error?.code], [want, 'number'], `status of ${JSON.stringify(body)}`)
        expectSame(response.headers.has('www-authenticate'), want === 401, 'WWW-Authenticate')
      })
    }
  }
  // A desktop host shows a server that ends as a red dot: the bridge starts
  // with any key, and a tool's result says what is wrong.
  await withClient('stdio, wrong key', () => bridge([], restSettings('wrong-key')), 'legacy', (label, { client }) =>
    check(`${label}: a result says so`, async () => {
      const result = await call(client, 'list_agents', {})
      expect(result.isError && /key/i.test(textIn(result)) && !textIn(result).includes('wrong-key'), textIn(result))
    }))
}

// probeThenInitialize is what some hosts do on one process: the modern probe,
// then a session of the oldest version all the same.
async function probeThenInitialize() {
  await check('stdio: a modern probe, then initialize with 2024-11-05', async () => {
    const transport = bridge(['--local'])
    endWithUs(transport)
    const answers = new Map()
    transport.onmessage = message => answers.get(message.id)?.(message)
    await transport.start()
    const ask = (id, method, params) => new Promise(resolve => {
      answers.set(id, resolve)
      transport.send({ jsonrpc: '2.0', id, method, params })
    })
    try {
      // Together within what the least patient host allows.
      await deadline((async () => {
        const probe = await ask('probe', 'server/discover', { _meta: { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} } })
        expect(probe.result?.supportedVersions?.includes(MODERN), JSON.stringify(probe))
        const hello = await ask(0, 'initialize', { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'old', version: '1' } })
        expectSame(hello.result?.protocolVersion, '2024-11-05', JSON.stringify(hello))
        await transport.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
        const list = await ask(1, 'tools/list', {})
        expectSame(list.result?.tools?.length, tenantTools.length, 'tools')
      })(), 3_000)
    } finally {
      await transport.close()
    }
  })
}

async function refused(transport, mode) {
  try {
    const { client } = await connect(transport, mode)
    await client.listTools()
  } catch (error) {
    return error
  } finally {
    await transport.close()
  }
  throw new Error('it was let in')
}

function call(client, name, args, options) {
  return client.callTool({ name, arguments: args }, { timeout: 15_000, ...options })
}

function restSettings(key) {
  return { SEMA4_BASE_URL: `${tenant.origin}/tenants/local/api/v2`, SEMA4_API_KEY: key }
}

function textIn(result) {
  return result.content.map(block => block.text ?? `[${block.type}]`).join('\n')
}

function runOf(result) {
  return result._meta?.['ai.sema4/run'] ?? {}
}
