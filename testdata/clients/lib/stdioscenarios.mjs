// The conformance suites' scenarios as the SDK's client plays them. Each gets a
// connection, see connect.mjs, and its era: legacy or modern.
import { expect, expectSame, sleep } from './checks.mjs'
import { SALES_QUESTION } from './expected.mjs'
import { newThread } from './programs.mjs'

const text = result => result.content.map(block => block.text ?? `[${block.type}]`).join('\n')
const call = (client, name, args = {}, options) => client.callTool({ name, arguments: args }, { timeout: 15_000, ...options })

// only has a scenario run in one era.
const only = (era, run) => Object.assign(run, { era })

async function errorOf(promise) {
  const outcome = await promise.then(value => ({ value }), error => ({ error }))
  expect(outcome.error, `it was not refused: ${JSON.stringify(outcome.value)}`)
  return outcome.error
}

// since returns what comes in from now on, as it stands on the wire.
function since({ received }) {
  const start = received.length
  return () => received.slice(start)
}

// beforeResult holds that these notifications came, all of them before the result.
function beforeResult(messages, method, count) {
  const end = messages.findIndex(message => message.result)
  const told = messages.slice(0, end).filter(message => message.method === method)
  expectSame([told.length, messages.slice(end).some(message => message.method === method)], [count, false], `${method} before the result, and after it`)
  return told.map(message => message.params)
}

// noResource reads the error on the wire: the client gives it the newer code.
async function noResource(connection, uri) {
  const arrived = since(connection)
  await errorOf(connection.client.readResource({ uri }))
  const [{ error }] = arrived()
  expectSame([error.code, error.data?.uri], [connection.era === 'modern' ? -32602 : -32002, uri], JSON.stringify(error))
}

export const contentScenarios = {
  'tools are listed': async ({ client }) => {
    const { tools } = await client.listTools()
    expect(tools.length >= 20 && tools.every(tool => tool.description && tool.inputSchema.type === 'object'), JSON.stringify(tools))
    const schema = tools.find(tool => tool.name === 'json_schema_2020_12_tool').inputSchema
    expect(schema.$schema.includes('2020-12') && schema.$defs.address && schema.allOf && schema.if, JSON.stringify(schema))
    return `${tools.length} of them`
  },
  'a text': async ({ client }) => expectSame((await call(client, 'test_simple_text')).content, [{ type: 'text', text: 'This is a simple text response for testing.' }], 'content'),
  'an image': async ({ client }) => {
    const [image, ...more] = (await call(client, 'test_image_content')).content
    expectSame([image.type, image.mimeType, Buffer.from(image.data, 'base64').subarray(1, 4).toString(), more.length], ['image', 'image/png', 'PNG', 0], 'content')
  },
  'a sound': async ({ client }) => {
    const [sound] = (await call(client, 'test_audio_content')).content
    expectSame([sound.type, sound.mimeType, Buffer.from(sound.data, 'base64').subarray(0, 4).toString()], ['audio', 'audio/wav', 'RIFF'], 'content')
  },
  'an embedded resource': async ({ client }) => {
    const [block] = (await call(client, 'test_embedded_resource')).content
    expectSame([block.type, block.resource.uri, block.resource.text], ['resource', 'test://embedded-resource', 'This is an embedded resource content.'], 'content')
  },
  'mixed contents': async ({ client }) =>
    expectSame((await call(client, 'test_multiple_content_types')).content.map(block => block.type), ['text', 'image', 'resource'], 'content'),
  'a tool that fails': async ({ client }) => {
    const result = await call(client, 'test_error_handling')
    expect(result.isError && text(result).includes('intentionally'), JSON.stringify(result))
  },
  'a tool that is not there': async ({ client }) => expectSame((await errorOf(call(client, 'no_such_tool'))).code, -32602, 'code'),
  'progress in order': async connection => {
    const arrived = since(connection)
    await call(connection.client, 'test_tool_with_progress', {}, { onprogress() {} })
    expectSame(beforeResult(arrived(), 'notifications/progress', 3).map(({ progress, total }) => [progress, total]), [[0, 100], [50, 100], [100, 100]], 'progress')
  },
  'no progress unasked': async connection => {
    const arrived = since(connection)
    await call(connection.client, 'test_tool_with_progress')
    beforeResult(arrived(), 'notifications/progress', 0)
  },
  'fifty calls at once, each with its progress': async connection => {
    const arrived = since(connection)
    await Promise.all(Array.from({ length: 50 }, () => call(connection.client, 'test_tool_with_progress', {}, { onprogress() {} })))
    const told = Map.groupBy(arrived(), message => message.id ?? message.params.progressToken) // the client takes the id for a token
    expectSame(told.size, 50, 'calls')
    for (const [id, messages] of told) expectSame(messages.map(message => message.params?.progress ?? 'result'), [0, 50, 100, 'result'], `call ${id}`)
  },
  'resources are listed and read': async ({ client }) => {
    const { resources } = await client.listResources()
    expectSame(resources.map(resource => resource.uri).sort(), ['test://static-binary', 'test://static-text'], 'resources')
    const [plain] = (await client.readResource({ uri: 'test://static-text' })).contents
    expectSame([plain.mimeType, plain.text], ['text/plain', 'This is the content of the static text resource.'], 'text')
    const [binary] = (await client.readResource({ uri: 'test://static-binary' })).contents
    expectSame([binary.mimeType, Buffer.from(binary.blob, 'base64').subarray(1, 4).toString()], ['image/png', 'PNG'], 'binary')
  },
  'a template is listed and read': async ({ client }) => {
    const { resourceTemplates } = await client.listResourceTemplates()
    expectSame(resourceTemplates.map(template => template.uriTemplate), ['test://template/{id}/data'], 'templates')
    const [data] = (await client.readResource({ uri: 'test://template/12%203/data' })).contents
    expect(data.uri === 'test://template/12%203/data' && JSON.parse(data.text).templateTest, JSON.stringify(data))
  },
  'a resource that is not there': connection => noResource(connection, 'test://no/such'),
  'prompts are listed': async ({ client }) => {
    const { prompts } = await client.listPrompts()
    expect(prompts.length >= 5 && prompts.every(prompt => prompt.description), JSON.stringify(prompts))
  },
  'a prompt': async ({ client }) => {
    const { messages } = await client.getPrompt({ name: 'test_simple_prompt' })
    expectSame(messages, [{ role: 'user', content: { type: 'text', text: 'This is a simple prompt for testing.' } }], 'messages')
  },
  'a prompt with arguments': async ({ client }) => {
    const { messages } = await client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: '“x”', arg2: '🚀' } })
    expectSame(messages[0].content.text, "Prompt with arguments: arg1='“x”', arg2='🚀'", 'text')
  },
  'a prompt with a resource, and one with an image': async ({ client }) => {
    const resource = await client.getPrompt({ name: 'test_prompt_with_embedded_resource', arguments: { resourceUri: 'test://x' } })
    const image = await client.getPrompt({ name: 'test_prompt_with_image' })
    expectSame([resource, image].map(({ messages }) => messages.map(message => message.content.type)), [['resource', 'text'], ['image', 'text']], 'contents')
  },
  'a prompt that is not there': async ({ client }) => expectSame((await errorOf(client.getPrompt({ name: 'no_such_prompt' }))).code, -32602, 'code'),
  'completion': async ({ client }) => {
    const { completion } = await client.complete({ ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' }, argument: { name: 'arg1', value: 'par' } })
    expectSame(completion.values, ['paris', 'park', 'party'], 'values')
  },
}

// answering has the client answer what it is asked, for one scenario.
function answering(client, answers) {
  const asked = []
  for (const method of ['elicitation/create', 'sampling/createMessage', 'roots/list']) {
    client.setRequestHandler(method, (request, context) => {
      asked.push(request)
      return answers[method]?.(request.params, context) ?? Promise.reject(new Error(`${method} was not expected`))
    })
  }
  return asked
}

const accept = content => () => ({ action: 'accept', content })
const says = words => () => ({ role: 'assistant', model: 'none', stopReason: 'endTurn', content: { type: 'text', text: words } })
const roots = () => ({ roots: [{ uri: 'file:///tmp/x', name: 'x' }] })

// asks is a scenario of one tool that asks, and of what it makes of the answers.
const asks = (tool, answers, want, args) => async ({ client }) => {
  const asked = answering(client, answers)
  const result = await call(client, tool, args)
  expect(!result.isError && text(result).includes(want), `${text(result)}, want ${want}`)
  return { asked, said: `asked ${asked.length} times` }
}

const username = { username: 'Ada', email: 'ada@example.com' }

export const askingScenarios = {
  'the model is asked': asks('test_sampling', { 'sampling/createMessage': says('Paris') }, 'LLM response: Paris', { prompt: 'Capital?' }),
  'the user is asked': asks('test_elicitation', { 'elicitation/create': accept(username) }, '"username":"Ada"', { message: 'Who?' }),
  'the user declines': asks('test_elicitation', { 'elicitation/create': () => ({ action: 'decline' }) }, 'action=decline', { message: 'Who?' }),
  'the user goes away': asks('test_elicitation', { 'elicitation/create': () => ({ action: 'cancel' }) }, 'action=cancel', { message: 'Who?' }),
  'the user is asked on the stream of the call': asks('test_streaming_elicitation', { 'elicitation/create': accept({ ok: true }) }, 'action=accept'),
  'defaults of every primitive type': async connection => {
    const { asked } = await asks('test_elicitation_sep1034_defaults', { 'elicitation/create': accept({}) }, 'John Doe')(connection)
    const { properties } = asked[0].params.requestedSchema
    expectSame(['name', 'age', 'score', 'status', 'verified'].map(name => properties[name].default), ['John Doe', 30, 95.5, 'active', true], 'defaults')
  },
  'choices of every kind': async connection => {
    const chosen = { untitledSingle: 'option1', titledSingle: 'value1', legacyEnum: 'opt1', untitledMulti: ['option1', 'option2'], titledMulti: ['value1'] }
    const { asked } = await asks('test_elicitation_sep1330_enums', { 'elicitation/create': accept(chosen) }, '"untitledMulti":["option1","option2"]')(connection)
    const { properties } = asked[0].params.requestedSchema
    expectSame(properties.legacyEnum.enumNames, ['Option One', 'Option Two', 'Option Three'], 'names')
    expectSame([properties.titledSingle.oneOf[0], properties.titledMulti.items.anyOf[2]], [{ const: 'value1', title: 'First Option' }, { const: 'value3', title: 'Third Choice' }], 'titles')
  },
  'ten users at once': async ({ client }) => {
    answering(client, { 'elicitation/create': ({ message }) => ({ action: 'accept', content: { username: message, email: 'x' } }) })
    const said = await Promise.all(Array.from({ length: 10 }, async (_, i) => text(await call(client, 'test_elicitation', { message: `user-${i}` }))))
    expect(said.every((each, i) => each.includes(`user-${i}`)), said.join('\n'))
  },
  // The eight flows of results that want input. Clients of the older era are asked
  // the same in requests.
  'input required: elicitation': asks('test_input_required_result_elicitation', { 'elicitation/create': accept({ name: 'Ada' }) }, 'Hello, Ada!'),
  'input required: sampling': asks('test_input_required_result_sampling', { 'sampling/createMessage': says('Paris') }, 'Paris'),
  'input required: roots': asks('test_input_required_result_list_roots', { 'roots/list': roots }, 'file:///tmp/x'),
  'input required: request state': asks('test_input_required_result_request_state', { 'elicitation/create': accept({ ok: true }) }, 'state-ok'),
  'input required: state that is not tampered with': asks('test_input_required_result_tampered_state', { 'elicitation/create': accept({ ok: true }) }, 'state-ok'),
  'input required: several at once': async connection => {
    const { asked } = await asks('test_input_required_result_multiple_inputs',
      { 'elicitation/create': accept({ name: 'Ada' }), 'sampling/createMessage': says('Good day'), 'roots/list': roots }, 'Ada')(connection)
    expectSame(asked.map(request => request.method).sort(), ['elicitation/create', 'roots/list', 'sampling/createMessage'], 'questions')
  },
  'input required: two rounds': async connection => {
    const { asked } = await asks('test_input_required_result_multi_round',
      { 'elicitation/create': ({ message }) => ({ action: 'accept', content: message.includes('Step 1') ? { name: 'Ada' } : { color: 'blue' } }) }, 'likes blue')(connection)
    expectSame(asked.length, 2, 'questions')
  },
  'input required: what the client declares': asks('test_input_required_result_capabilities',
    { 'elicitation/create': accept({ name: 'Ada' }), 'sampling/createMessage': says('Hi'), 'roots/list': roots }, 'Thank you'),
  'input required: a prompt': async ({ client }) => {
    answering(client, { 'elicitation/create': accept({ context: 'the sea' }) })
    const { messages } = await client.getPrompt({ name: 'test_input_required_result_prompt' })
    expectSame(messages[0].content.text, 'The context is the sea.', 'text')
  },
}

// withoutWaiting is a request to which the client does not itself bring the input
// that is required.
const withoutWaiting = (client, params) => client.callTool(params, { allowInputRequired: true, timeout: 5_000 })

export const eraScenarios = {
  'log messages, as the level wants them': only('legacy', async connection => {
    const { client } = connection
    for (const [level, want] of [['debug', 3], ['info', 3], ['error', 0]]) {
      await client.setLoggingLevel(level)
      const arrived = since(connection)
      await call(client, 'test_tool_with_logging')
      const told = beforeResult(arrived(), 'notifications/message', want)
      expect(told.every(each => each.level === 'info'), JSON.stringify(told))
    }
  }),
  'log messages, where the request wants them': only('modern', async connection => {
    for (const [_meta, want] of [[undefined, 0], [{ 'io.modelcontextprotocol/logLevel': 'debug' }, 3], [{ 'io.modelcontextprotocol/logLevel': 'error' }, 0]]) {
      const arrived = since(connection)
      await connection.client.callTool({ name: 'test_logging_tool', arguments: {}, _meta }, { timeout: 5_000 })
      beforeResult(arrived(), 'notifications/message', want)
    }
  }),
  'ping': only('legacy', async ({ client }) => expectSame(await client.ping(), {}, 'the answer')),
  'a question is required as a result': only('modern', async ({ client }) => {
    const result = await withoutWaiting(client, { name: 'test_input_required_result_request_state', arguments: {} })
    expectSame([result.resultType, Object.values(result.inputRequests).map(request => request.method), typeof result.requestState], ['input_required', ['elicitation/create'], 'string'], JSON.stringify(result))
    const state = result.requestState
    const [key] = Object.keys(result.inputRequests)
    const inputResponses = { [key]: { action: 'accept', content: { ok: true } } }
    const again = requestState => withoutWaiting(client, { name: 'test_input_required_result_request_state', arguments: {}, inputResponses, requestState })
    expectSame((await errorOf(again(`${state}x`))).code, -32602, 'code for a state that was changed')
    expectSame(text(await again(state)), 'state-ok', 'text')
  }),
  'answers that are missing are asked for again': only('modern', async ({ client }) => {
    const params = { name: 'test_input_required_result_elicitation', arguments: {} }
    for (const inputResponses of [undefined, {}, { other: { action: 'accept', content: { name: 'x' } } }]) {
      expectSame((await withoutWaiting(client, { ...params, inputResponses })).resultType, 'input_required', 'result type')
    }
  }),
  'changes are told to who listens for them': only('modern', async ({ client }) => {
    const told = []
    client.setNotificationHandler('notifications/tools/list_changed', () => void told.push('tools'))
    client.setNotificationHandler('notifications/prompts/list_changed', () => void told.push('prompts'))
    const subscription = await client.listen({ toolsListChanged: true })
    expect(subscription.honoredFilter.toolsListChanged && !subscription.honoredFilter.promptsListChanged, JSON.stringify(subscription.honoredFilter))
    await call(client, 'test_trigger_prompt_change')
    await call(client, 'test_trigger_tool_change')
    for (let waited = 0; !told.length && waited < 100; waited++) await sleep(20)
    expectSame(told, ['tools'], 'notifications')
    await subscription.close()
    expectSame(await subscription.closed, 'local', 'the end')
    await call(client, 'test_trigger_tool_change')
    expectSame(told, ['tools'], 'notifications after the end')
  }),
  'a call is given up while it asks': only('legacy', async connection => {
    const { client } = connection
    const stop = new AbortController()
    answering(client, { 'elicitation/create': () => new Promise(() => stop.abort('enough')) })
    await errorOf(call(client, 'test_elicitation', { message: 'Who?' }, { signal: stop.signal }))
    const arrived = since(connection)
    expectSame(text(await call(client, 'test_simple_text')).length, 43, 'the next answer')
    expectSame(arrived().length, 1, 'messages')
  }),
}

// Scenarios of an agent called Asker, see stdio.mjs.
export const askerScenarios = {
  'the user is asked what the agent asks': async ({ client }) => {
    const replies = ['2024', '2025']
    const asked = answering(client, { 'elicitation/create': () => {
      const reply = replies.shift()
      return reply ? { action: 'accept', content: { reply } } : { action: 'decline' }
    } })
    const thread_identifier = newThread()
    const result = await call(client, 'message_asker_agent', { message: 'now', thread_identifier })
    expectSame(asked.map(request => request.params.message.match(/Which year, (.*)\?/)?.[1]), ['now', '2024', '2025'], 'questions')
    expect(text(result).includes('Which year, 2025?') && text(result).includes(thread_identifier), text(result))
  },
  'the user is not asked without need': async ({ client }) => {
    const asked = answering(client, {})
    await call(client, 'list_agents')
    expectSame(asked, [], 'questions')
  },
}

export const agentScenarios = {
  'tools of all agents are listed': async ({ client }) => {
    const { tools } = await client.listTools()
    expect(tools.some(tool => tool.name === 'message_echo_agent') && tools.every(tool => tool.annotations.title), JSON.stringify(tools))
    return `${tools.length} of them`
  },
  'an agent answers in many scripts': async ({ client }) => {
    const message = 'Grüße 🚀 “x” \u2028 \\ </script> 𝒳'
    const result = await call(client, 'message_agente_unicode_agent', { message, thread_identifier: newThread() })
    expect(!result.isError && text(result).includes(`“${message}”`), text(result))
  },
  'progress rises before the answer': async connection => {
    const arrived = since(connection)
    await call(connection.client, 'message_sales_analyst_agent', { message: SALES_QUESTION, thread_identifier: newThread() }, { onprogress() {} })
    const messages = arrived().filter(({ method }) => !method?.endsWith('/list_changed')) // of the thread that the call begins
    const told = beforeResult(messages, 'notifications/progress', messages.length - 1).map(({ progress }) => progress)
    expect(told.length >= 3 && told.every((each, i) => i === 0 || each > told[i - 1]), JSON.stringify(told))
  },
  'a failure is a result': async ({ client }) => {
    const result = await call(client, 'get_run', { run_id: 'nonsense' })
    expect(result.isError && text(result).length > 40, text(result))
  },
  'wrong arguments are told': async ({ client }) => {
    const outcome = await call(client, 'ask_agent', { agent: 'Echo', mesage: 'x' }).catch(error => error)
    expect(outcome.isError || outcome.code === -32602, JSON.stringify(outcome))
  },
  'a tool that is not there': async ({ client }) => expectSame((await errorOf(call(client, 'no_such_tool'))).code, -32602, 'code'),
  'resources have templates': async ({ client }) => {
    const { resourceTemplates } = await client.listResourceTemplates()
    expect(resourceTemplates.some(template => template.uriTemplate.startsWith('sema4://runs/')), JSON.stringify(resourceTemplates))
  },
  'an answer is read as a resource': async ({ client }) => {
    const result = await call(client, 'message_echo_agent', { message: 'kept', thread_identifier: newThread() })
    const { contents } = await client.readResource({ uri: `sema4://runs/${result._meta['ai.sema4/run'].run_id}` })
    expect(contents[0].text.includes('kept'), JSON.stringify(contents))
  },
  'a resource that is not there': connection => noResource(connection, 'sema4://runs/x'),
  'a call is given up': async connection => {
    const { client } = connection
    const stop = new AbortController()
    const story = call(client, 'message_storyteller_agent', { message: 'Tell me a 5-second story', thread_identifier: newThread() }, { signal: stop.signal, onprogress: () => stop.abort('enough') })
    await errorOf(story)
    await call(client, 'get_run', { run_id: 'nonsense' }) // what was on its way has come before this
    const arrived = since(connection)
    await sleep(500) // the story goes on, and would be heard
    expectSame(arrived(), [], 'messages')
  },
}
