// A reverse proxy between the conformance suite and real agents: it turns calls
// of the tools that the suite's scenarios of tasks want into messages to agents
// that do the like, and passes everything else as it came.
import http from 'node:http'
import { once } from 'node:events'
import { newThread } from './programs.mjs'

// Each fixture: the tool it becomes, and what is said to the agent. A job must
// become a task at once, however short it is.
const fixtures = {
  greet: ({ name }) => ['message_greeter_agent', name],
  slow_compute: ({ seconds }) => ['message_computer_agent', `a ${seconds}-second job`, true],
  failing_job: () => ['message_failing_agent', 'go', true],
  confirm_delete: ({ filename }) => ['message_asker_agent', filename, true],
}

// fixtureProxy calls before with each request, so that an agent can be taught
// what it needs for it.
export async function fixtureProxy(target, key, before) {
  const { hostname, port } = new URL(target)
  const server = http.createServer(async (request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${key}` }
    const body = translate(await read(request), headers)
    await before(body)
    headers['content-length'] = Buffer.byteLength(body.text)
    const upstream = http.request({ hostname, port, path: request.url, method: request.method, headers, setHost: false, agent: false }, answer => {
      response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders)
      response.flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    upstream.end(body.text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function translate(text, headers) {
  let message
  try {
    message = JSON.parse(text)
  } catch {
    return { text }
  }
  const { method, params } = message
  if (method === 'tools/call' && fixtures[params?.name]) {
    const [tool, said, hurry] = fixtures[params.name](params.arguments ?? {})
    if (headers['mcp-name'] === params.name) headers['mcp-name'] = tool
    params.name = tool
    params.arguments = { message: said, thread_identifier: newThread(), ...(hurry && { wait_seconds: 0 }) }
    params._meta = { ...params._meta, progressToken: 1 } // who listens has the agent stream, and stop when told to
  }
  if (method === 'tasks/update') {
    for (const answer of Object.values(params?.inputResponses ?? {})) if (answer.content) answer.content = { reply: JSON.stringify(answer.content) }
  }
  return { text: JSON.stringify(message), method }
}

async function read(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
