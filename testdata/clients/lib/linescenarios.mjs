// Scenarios in bytes, each with a process of its own. Whatever is wrong with a
// line, the next one is answered.
import { expect, expectSame } from './checks.mjs'
import { MODERN } from './connect.mjs'
import { lines } from './lines.mjs'

const ping = id => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`
const pong = id => `{"jsonrpc":"2.0","id":${id},"result":{}}`
const modern = (version = MODERN, more = '') =>
  `"_meta":{"io.modelcontextprotocol/protocolVersion":"${version}","io.modelcontextprotocol/clientCapabilities":{}${more}}`
const request = (id, method, params = '') => `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${params}}}`
const initialize = (id, version) => request(id, 'initialize', `"protocolVersion":"${version}","capabilities":{},"clientInfo":{"name":"lines","version":"1"}`)

const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600
const METHOD_NOT_FOUND = -32601
const INVALID_PARAMS = -32602
const MISSING_CAPABILITY = -32021
const UNSUPPORTED_VERSION = -32022

// a scenario opens the program, and ends it well.
const scenario = run => async program => {
  const host = lines(program)
  const said = await run(host)
  await host.end()
  return said
}

async function refused(host, line, code, id = 'null') {
  const answer = await host.ask(line)
  expect(answer.error?.code === code && answer.error.message, answer.text)
  expect(answer.text.startsWith(`{"jsonrpc":"2.0","id":${id},"error":`), answer.text)
  return answer
}

const ids = ['0', '-1', '9007199254740993', '-9007199254740993', '18446744073709551617', `1${'0'.repeat(40)}`,
  '""', '"a"', '"🚀"', '"\\ud83d\\ude80"', '"a\\"b"', '"<&>"', '"\\u2028"', '"é"', '"1"', '" "']

export const lineScenarios = {
  'ids come back byte for byte': scenario(async host => {
    for (const id of ids) expectSame((await host.ask(ping(id))).text, pong(id), 'the answer')
    return `${ids.length} of them`
  }),
  'ids that are none are refused': scenario(async host => {
    for (const id of ['null', '1.5', '1e3', 'true', '{}', '[1]']) await refused(host, ping(id), INVALID_REQUEST)
  }),
  'an array is answered by one': scenario(async host => {
    const answers = JSON.parse((await host.ask(`[${ping(1)},${ping('"b"')},7,{"jsonrpc":"2.0","method":"notifications/x"},${request(3, 'no/such')}]`)).text)
    const codes = new Map(answers.map(answer => [answer.id, answer.error?.code]))
    expectSame([codes.get(1), codes.get('b'), codes.get(null), codes.get(3), answers.length], [undefined, undefined, INVALID_REQUEST, METHOD_NOT_FOUND, 4], JSON.stringify(answers))
  }),
  'an array that is owed nothing gets nothing': scenario(host =>
    host.quiet('[{"jsonrpc":"2.0","method":"notifications/x"}]', '[{"jsonrpc":"2.0","id":1,"result":{}}]')),
  'an empty array is refused': scenario(host => refused(host, '[]', INVALID_REQUEST)),
  'initialize is no part of an array': scenario(async host => {
    const { text } = await host.ask(`[${initialize(1, '2025-03-26')}]`)
    expectSame(JSON.parse(text)[0].error?.code, INVALID_REQUEST, text)
  }),
  'blank lines are passed over': scenario(host => host.quiet('', '   ', '\t', '\r')),
  'line ends of Windows and a byte order mark': scenario(async host => {
    expectSame((await host.ask(`\ufeff${ping(1)}\r`)).text, pong(1), 'the answer')
  }),
  'a line of 5 MiB is refused': scenario(async host => {
    await refused(host, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(5 << 20)}"}}`, INVALID_REQUEST)
    await host.quiet()
  }),
  'a line of 3 MiB is not': scenario(async host => {
    expectSame((await host.ask(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(3 << 20)}"}}`)).text, pong(1), 'the answer')
  }),
  'garbage': scenario(async host => {
    for (const line of ['garbage', '{', `${ping(1)}}`, '\u0000', '{"jsonrpc":"2.0",,"id":1}', "{'id':1}"]) await refused(host, line, PARSE_ERROR)
    await host.quiet()
  }),
  'messages that are none': scenario(async host => {
    for (const line of ['1', '"ping"', 'null', '{}', '{"jsonrpc":"1.0","method":"ping"}', '{"jsonrpc":"2.0","method":7}']) await refused(host, line, INVALID_REQUEST)
    await refused(host, '{"jsonrpc":"2.0","id":4}', INVALID_REQUEST, '4')
    await refused(host, '{"jsonrpc":"2.0","id":5,"method":"ping","params":[1]}', INVALID_PARAMS, '5')
    await refused(host, '['.repeat(5_000), INVALID_REQUEST)
  }),
  'bytes that are no UTF-8': scenario(async host => {
    const broken = text => Buffer.from(text.replaceAll('?', '\u00ff'), 'latin1')
    await refused(host, broken(ping('"?"')), PARSE_ERROR)
    await refused(host, broken('???'), PARSE_ERROR)
    await host.quiet()
  }),
  'a last line without an end': async program => {
    const host = lines(program)
    await host.write(ping(1))
    const answer = host.next()
    await host.end()
    expectSame(await answer, pong(1), 'the answer')
  },
  'what is owed no answer': scenario(host => host.quiet(
    '{"jsonrpc":"2.0","method":"notifications/initialized"}', '{"jsonrpc":"2.0","method":"notifications/no/such"}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}', '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
    '{"jsonrpc":"2.0","id":99,"result":{}}', '{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"x"}}', '{"jsonrpc":"2.0","method":"no/such"}')),
  'unknown methods': scenario(async host => {
    await refused(host, request(1, 'no/such'), METHOD_NOT_FOUND, '1')
    await refused(host, request(2, 'no/such', modern()), METHOD_NOT_FOUND, '2')
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe']) await refused(host, request(3, method, modern()), METHOD_NOT_FOUND, '3')
  }),
  'versions': scenario(async host => {
    for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) expectSame((await host.ask(initialize(1, version))).result?.protocolVersion, version, 'version')
    for (const version of ['1999-01-01', '2026-07-28', '2099-01-01']) expectSame((await host.ask(initialize(1, version))).result?.protocolVersion, '2025-11-25', `version for ${version}`)
    const { error } = await refused(host, request(2, 'tools/list', modern('2099-01-01')), UNSUPPORTED_VERSION, '2')
    expect(error.data?.supported?.includes(MODERN) && error.data.requested === '2099-01-01', JSON.stringify(error))
  }),
  'a modern request says all of itself': scenario(async host => {
    await refused(host, request(1, 'tools/list', `"_meta":{"io.modelcontextprotocol/protocolVersion":"${MODERN}"}`), INVALID_PARAMS, '1')
    const listed = await host.ask(request(2, 'tools/list', modern()))
    expect(listed.result?.resultType === 'complete' && listed.result.cacheScope === 'private' && listed.result.ttlMs >= 0, listed.text)
  }),
  'both eras in one process': scenario(async host => {
    const discovered = await host.ask(request('"probe"', 'server/discover', modern()))
    expect(discovered.result?.supportedVersions?.includes(MODERN), discovered.text)
    expectSame((await host.ask(initialize(0, '2024-11-05'))).result?.protocolVersion, '2024-11-05', 'version')
    const [old, latest] = [await host.ask(request(1, 'tools/list')), await host.ask(request(2, 'tools/list', modern()))]
    expect(old.result?.resultType === undefined && latest.result?.resultType === 'complete', `${old.text.slice(0, 200)} ${latest.text.slice(0, 200)}`)
    expectSame(old.result.tools.map(tool => tool.name), latest.result.tools.map(tool => tool.name), 'tools')
  }),
  'a thousand requests at once': scenario(async host => {
    await host.send(...Array.from({ length: 1_000 }, (_, id) => ping(id)))
    const answered = new Set()
    for (let i = 0; i < 1_000; i++) answered.add(JSON.parse(await host.next()).id)
    expectSame(answered.size, 1_000, 'answers')
  }),
}

const tool = (id, name, more = '') => request(id, 'tools/call', `"name":"${name}","arguments":{"message":"Who?"}${more}`)
const cancelled = id => `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`
const elicits = (id, capabilities) => request(id, 'initialize', `"protocolVersion":"2025-11-25","capabilities":${capabilities},"clientInfo":{"name":"lines","version":"1"}`)

// Scenarios that want the fixture agent.
export const fixtureLines = {
  'a client that declares too little is not asked': scenario(async host => {
    const { error } = await refused(host, tool(1, 'test_missing_capability', `,${modern()}`), MISSING_CAPABILITY, '1')
    expectSame(error.data, { requiredCapabilities: { sampling: {} } }, 'data')
    await host.ask(elicits(2, '{}'))
    const answer = await host.ask(tool(3, 'test_elicitation'))
    expect(answer.error || answer.result?.isError, answer.text)
  }),
  'a question is answered under the id that it came with': scenario(async host => {
    await host.ask(elicits(0, '{"elicitation":{}}'))
    const question = await host.ask(tool(1, 'test_elicitation'))
    expect(question.method === 'elicitation/create' && question.params.message === 'Who?', question.text)
    await host.quiet(`{"jsonrpc":"2.0","id":"not ${question.id}","result":{"action":"decline"}}`)
    const answer = await host.ask(`{"jsonrpc":"2.0","id":${JSON.stringify(question.id)},"result":{"action":"decline"}}`)
    expect(answer.id === 1 && answer.result.content[0].text.includes('action=decline'), answer.text)
    await host.quiet(`{"jsonrpc":"2.0","id":${JSON.stringify(question.id)},"result":{"action":"accept","content":{}}}`)
  }),
  'a question that is answered with an error': scenario(async host => {
    await host.ask(elicits(0, '{"elicitation":{}}'))
    const question = await host.ask(tool(1, 'test_elicitation'))
    const answer = await host.ask(`{"jsonrpc":"2.0","id":${JSON.stringify(question.id)},"error":{"code":-1,"message":"no user"}}`)
    expect(answer.id === 1 && (answer.error || answer.result.isError), answer.text)
  }),
  'a cancelled call is not answered, before 2026-07-28': scenario(async host => {
    await host.ask(elicits(0, '{"elicitation":{}}'))
    const question = await host.ask(tool('"call"', 'test_elicitation'))
    expectSame(question.method, 'elicitation/create', question.text)
    await host.quiet(cancelled('"call"'), `{"jsonrpc":"2.0","id":${JSON.stringify(question.id)},"result":{"action":"decline"}}`)
  }),
  'a cancelled subscription is not answered, since 2026-07-28': scenario(async host => {
    const listening = await host.ask(request('-7', 'subscriptions/listen', `"notifications":{"toolsListChanged":true},${modern()}`))
    expect(listening.method === 'notifications/subscriptions/acknowledged' && listening.params._meta['io.modelcontextprotocol/subscriptionId'] === -7, listening.text)
    await host.send(tool(1, 'test_trigger_tool_change', `,${modern()}`))
    const both = [await host.next(), await host.next()].sort()
    expect(both[1].includes('"notifications/tools/list_changed"') && both[1].includes('"io.modelcontextprotocol/subscriptionId":-7'), both.join('\n'))
    await host.quiet(cancelled('-7'))
    await host.ask(tool(2, 'test_trigger_tool_change', `,${modern()}`))
    await host.quiet()
  }),
  'a subscription is answered at the end': async program => {
    const host = lines(program)
    await host.ask(request(1, 'subscriptions/listen', `"notifications":{"toolsListChanged":true},${modern()}`))
    const answer = host.next()
    await host.end()
    const { id, result } = JSON.parse(await answer)
    expectSame([id, result.resultType], [1, 'complete'], await answer)
  },
}
