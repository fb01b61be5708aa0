// The server as an OAuth resource server: an OpenID provider that we did not write
// signs users in, and the TypeScript SDK's client finds its way there by itself.
import { check, expect, expectSame, finish } from './lib/checks.mjs'
import { MODES } from './lib/connect.mjs'
import { issuer, signIn } from './lib/issuer.mjs'
import { AGENTS, agentPath, newThread, serve, tenantPath } from './lib/programs.mjs'
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'

// What each user may do; what clients are told to ask for is more than some get.
const users = {
  alice: ['sema4'],
  bob: [`sema4:agent:${AGENTS.sales}`],
  carol: ['sema4:read'],
  dave: [],
}
const offered = ['sema4', 'sema4:read', `sema4:agent:${AGENTS.sales}`]

const login = await issuer(users, offered)
const server = await serve('sema4-mcp-server', '--local', '--auth', 'oauth', '--oauth-issuer', login.url, '--oauth-scopes', offered.join())
const everything = server.origin + tenantPath

await check('the documents about the resources', async () => {
  for (const path of ['', tenantPath, tenantPath.slice(0, -1), agentPath(AGENTS.sales)]) {
    const document = await (await fetch(`${server.origin}/.well-known/oauth-protected-resource${path}`)).json()
    expectSame([document.resource, document.authorization_servers], [server.origin + path, [login.url]], path)
  }
})

for (const mode of Object.keys(MODES)) {
  await check(`${mode}: from the address alone to an answer`, async () => {
    const { client, store } = await connect('alice', everything, mode)
    expect(store.redirects === 1 && store.client.client_id, 'the client was not led to sign its user in')
    expectSame(new URL(store.authorization).searchParams.get('resource'), everything, 'the resource that the token was asked for')
    const { tools } = await client.listTools()
    expect(tools.some(tool => tool.name === 'ask_agent'), `the tools are ${tools.map(tool => tool.name)}`)
    const { content } = await client.callTool({ name: 'ask_agent', arguments: { agent: 'Echo', message: 'Hello', thread_identifier: newThread() } })
    expect(content[0].text.includes('Hello'), `the answer is ${content[0].text}`)
    await client.close()
    return `${tools.length} tools`
  })
}

await check('an expired token is refreshed without the user', async () => {
  const { client, store } = await connect('alice', everything, 'modern', { expired: true })
  expect((await client.listTools()).tools.length, 'there are no tools')
  expectSame([store.redirects, store.saves], [1, 2], 'how often the user was led away, and tokens came')
  await client.close()
})

await check('a user of one agent has that agent, and no other', async () => {
  const { client } = await connect('bob', everything, 'modern')
  const listed = await client.callTool({ name: 'list_agents', arguments: {} })
  expectSame(listed.structuredContent.agents.map(agent => agent.agent_id), [AGENTS.sales], 'the agents')
  const refused = await client.callTool({ name: 'ask_agent', arguments: { agent: 'Echo', message: 'Hello', thread_identifier: newThread() } })
  expect(refused.isError, `another agent answers: ${refused.content[0].text}`)
  await client.close()
  const own = await connect('bob', server.origin + agentPath(AGENTS.sales), 'modern')
  expect((await own.client.listTools()).tools.length > 3, 'the agent has no tools')
  await own.client.close()
  await notAllowed('bob', server.origin + agentPath(AGENTS.stories))
})

await check('a user who may read is offered what reads', async () => {
  const { client } = await connect('carol', everything, 'legacy')
  const { tools } = await client.listTools()
  expect(tools.length && tools.every(tool => tool.annotations.readOnlyHint), `the tools are ${tools.map(tool => tool.name)}`)
  await client.close()
})

await check('a user who may nothing is let in nowhere', () => notAllowed('dave', everything))

await check('a token for one agent is none for another', async () => {
  const { store, client } = await connect('alice', server.origin + agentPath(AGENTS.sales), 'legacy')
  await client.close()
  const response = await post(server.origin + agentPath(AGENTS.stories), store.saved.access_token)
  const challenge = response.headers.get('www-authenticate')
  expect(response.status === 401 && challenge.includes('error="invalid_token"') && challenge.includes('resource_metadata='), `${response.status} ${challenge}`)
})

login.close()
await check(`${server.name} ends when told to`, server.stop)
finish('OAuth')

// notAllowed checks that a client does not come in with what its user may do, and
// that it is told what would be needed.
async function notAllowed(user, url) {
  const store = provider()
  const outcome = await connect(user, url, 'modern', { store }).then(() => 'connected', error => error)
  expect(outcome instanceof UnauthorizedError, `the client is told: ${outcome}`)
  const response = await post(url, store.saved.access_token)
  const challenge = response.headers.get('www-authenticate')
  expect(response.status === 403 && challenge.includes('error="insufficient_scope"') && challenge.includes('scope="sema4 '), `${response.status} ${challenge}`)
}

function post(url, token) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return fetch(url, { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', headers })
}

// connect has a client find out by itself how to come in, and the user agree. The
// first token may be expired.
async function connect(user, url, mode, { expired = false, store = provider() } = {}) {
  const attempt = async () => {
    const client = new Client({ name: 'clients-we-did-not-write', version: '1' }, { versionNegotiation: { mode: MODES[mode] } })
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: store })
    await client.connect(transport, { timeout: 5_000 }).catch(error => { throw Object.assign(error, { transport }) })
    return { client, store }
  }
  try {
    await attempt()
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    const back = await signIn(store.authorization, user, store.redirectUrl)
    login.tokens.expired = expired
    await error.transport.finishAuth(back.searchParams)
    login.tokens.expired = false
    return attempt()
  }
  throw new Error('the client was let in without a token')
}

// provider keeps in memory what a host would keep for its user.
function provider() {
  return {
    redirects: 0,
    redirectUrl: 'http://127.0.0.1:1/callback',
    clientMetadata: {
      client_name: 'clients-we-did-not-write', redirect_uris: ['http://127.0.0.1:1/callback'], application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none',
    },
    clientInformation() { return this.client },
    saveClientInformation(client) { this.client = client },
    saves: 0,
    tokens() { return this.saved },
    saveTokens(tokens) { this.saves++; this.saved = tokens },
    redirectToAuthorization(url) { this.redirects++; this.authorization = String(url) },
    saveDiscoveryState(state) { this.discovered = state },
    discoveryState() { return this.discovered },
    saveCodeVerifier(verifier) { this.verifier = verifier },
    codeVerifier() { return this.verifier },
  }
}
