// The local tenant alone, driven by plain HTTP from a program that knows nothing
// but the vendor's reference: what anybody can do who tests a client of their own
// against it.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { check, expect, expectSame, finish } from './lib/checks.mjs'
import { AGENTS, KEY, serve } from './lib/programs.mjs'

const tenant = await serve('sema4-local-tenant')
const base = `${tenant.origin}/tenants/local/api/v2`

await check('the OpenAPI document needs no key', async () => {
  const response = await fetch(base)
  const document = await response.json()
  expect(response.status === 200 && document.openapi.startsWith('3.') && document.paths['/work-items'], `status ${response.status}`)
  return `${Object.keys(document.paths).length} paths`
})
for (const [name, headers] of [['no key', {}], ['a wrong key', { authorization: 'Bearer wrong' }]]) {
  await check(`${name} is 401 with an envelope`, async () => {
    const response = await fetch(`${base}/agents`, { headers })
    const { error } = await response.json()
    expectSame([response.status, error.code, typeof error.message], [401, 'unauthorized', 'string'], 'answer')
  })
}

const agent = await check('an agent is created as a draft', async () => {
  const made = await call('POST', '/agents', 200, {
    name: 'Reporter 🗞️', description: 'Says what it sees.', architecture_name: 'scripted',
    runbook_text: '- think: A question.\n- call: look {"at": "{{message}}"} => it is there\n- say: "Seen: "\n- say: "{{message}}"',
  })
  expectSame([made.state, made.live_version_id], ['draft', null], 'state')
  expectSame(await call('GET', `/agents/${made.id}/state`, 200), { state: 'draft', live_version_id: null, has_draft: true }, 'state')
  return made
})
await check('it is edited and published', async () => {
  const patched = await call('PATCH', `/agents/${agent.id}`, 200, { description: 'Says what it saw.' })
  expectSame(patched.description, 'Says what it saw.', 'description')
  const live = await call('POST', `/agents/${agent.id}/publish`, 200, {})
  expect(live.state === 'live' && live.live_version_id, JSON.stringify(live))
  expectSame((await call('POST', `/agents/${agent.id}/edit`, 200)).state, 'draft', 'state after edit')
  expectSame((await call('POST', `/agents/${agent.id}/discard-draft`, 200, {})).state, 'live', 'state after discarding')
})
await check('its name is taken', () => call('POST', '/agents', 409, { name: 'reporter 🗞️' }))
await check('agents are found by the beginning of their names', async () => {
  const { data, next, has_more } = await call('GET', '/agents?name=REPORTER', 200)
  expectSame([data.map(found => found.id), next, has_more], [[agent.id], null, false], 'page')
})

const conversation = await check('a conversation begins', () => call('POST', `/agents/${agent.id}/conversations`, 200, { name: 'first' }))
const thread = `/agents/${agent.id}/conversations/${conversation.id}`
await check('a message is answered', async () => {
  const { data } = await call('POST', `${thread}/messages`, 200, { content: 'the moon' })
  expectSame(data.map(message => message.role), ['user', 'agent'], 'roles')
  expectSame(textOf(data[1]), 'Seen: the moon', 'text')
})
await check('a stream shows the agent at work', async () => {
  const events = await stream(`${thread}/stream`, { content: 'the sun' })
  expectSame([events[0].event_type, events.at(-1).event_type], ['agent_ready', 'agent_finished'], 'first and last event')
  const text = events.filter(event => event.delta?.op === 'concat_string').map(event => event.delta.value).join('')
  expect(text.endsWith('the sun'), `text ${text}`)
  return `${events.length} events`
})
await check('a file goes up and comes down', async () => {
  const form = new FormData()
  form.append('files', new Blob(['region,amount\nNorth,10\nSouth,20.5\n'], { type: 'text/csv' }), 'sales by région.csv')
  const [file] = await call('POST', `${thread}/files`, 200, form)
  expectSame([file.file_ref, file.file_size_raw, file.mime_type], ['sales by région.csv', 34, 'text/csv'], 'file')
  const listed = await call('GET', `${thread}/files`, 200)
  expectSame(listed.map(({ file_id }) => file_id), [file.file_id], 'files')
  const answer = await send('GET', `${thread}/files/download?file_ref=${encodeURIComponent(file.file_ref)}`)
  expectSame([answer.status, await answer.text()], [200, 'region,amount\nNorth,10\nSouth,20.5\n'], 'download')
})
await check('the file is a data frame', async () => {
  const [frame] = await call('GET', `${thread}/data-frames?num_samples=1`, 200)
  expectSame([frame.num_rows, frame.num_columns, frame.column_headers, frame.input_id_type], [2, 2, ['region', 'amount'], 'file'], 'frame')
  const rows = await call('GET', `${thread}/data-frames/${encodeURIComponent(frame.name)}?order_by=-amount&limit=1&column_names=amount,region`, 200)
  expectSame(rows, [{ amount: 20.5, region: 'South' }], 'rows')
  await call('GET', `${thread}/data-frames/${encodeURIComponent(frame.name)}?output_format=parquet`, 400)
})
await check('a question to the database leaves a data frame', async () => {
  const { id } = await call('POST', `/agents/${AGENTS.sales}/conversations`, 200, { name: 'sales' })
  await call('POST', `/agents/${AGENTS.sales}/conversations/${id}/messages`, 200, { content: 'What were total sales by region?' })
  const [frame] = await call('GET', `/agents/${AGENTS.sales}/conversations/${id}/data-frames`, 200)
  const rows = await call('GET', `/agents/${AGENTS.sales}/conversations/${id}/data-frames/${frame.name}`, 200)
  expectSame(rows.length, 5, 'rows')
})

// The receiver reads the signature as the vendor describes it: over the parsed
// body, its keys sorted, with no spaces.
const SECRET = 'callback-secret'
const called = []
const receiver = createServer(async (request, response) => {
  const body = JSON.parse((await request.toArray()).join(''))
  const canonical = JSON.stringify(Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1))))
    .replace(/[\u0080-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const signature = createHmac('sha256', SECRET).update(canonical).digest('hex')
  called.push({ ...body, signed: signature === request.headers['x-sema4ai-signature'] })
  response.end()
}).listen(0, '127.0.0.1')
await once(receiver, 'listening')

await check('a good invoice is completed', async () => {
  const { work_item_id } = await call('POST', '/work-items', 200, { agent_id: AGENTS.invoices, payload: await goodInvoice() })
  const item = await settled(work_item_id)
  expectSame([item.status, item.completed_by], ['COMPLETED', 'AGENT'], 'verdict')
})
const doubtful = await check('a doubtful invoice needs review', async () => {
  const form = new FormData()
  form.append('file', new Blob(['scan']), 'scan 📄.txt')
  const draft = await call('POST', '/work-items/upload-file', 200, form)
  expectSame((await call('GET', `/work-items/${draft.work_item_id}`, 200)).status, 'DRAFT', 'status of the upload')
  const invoice = { ...(await goodInvoice()), po_number: 'PO-0000', invoice_number: 'INV-X-1' }
  const item = await call('POST', '/work-items', 200, {
    agent_id: AGENTS.invoices, payload: invoice, work_item_id: draft.work_item_id, work_item_name: 'Doubtful 🧾',
    callbacks: [{ url: `http://127.0.0.1:${receiver.address().port}/hook`, signature_secret: SECRET, on_status: 'NEEDS_REVIEW' }],
  })
  expectSame([item.work_item_id, item.status], [draft.work_item_id, 'PENDING'], 'the draft, filled')
  const settledItem = await settled(item.work_item_id)
  expectSame(settledItem.status, 'NEEDS_REVIEW', 'verdict')
  expect(/PO-0000/.test(textOf(settledItem.messages.at(-1))), `it does not say why: ${textOf(settledItem.messages.at(-1))}`)
  return settledItem
})
await check('its callback comes, signed', async () => {
  for (let tries = 0; !called.length && tries < 100; tries++) await new Promise(resolve => setTimeout(resolve, 50))
  expectSame(called.map(({ work_item_id, status, signed }) => [work_item_id, status, signed]), [[doubtful.work_item_id, 'NEEDS_REVIEW', true]], 'callbacks')
})
await check('an illegal transition is 412', () => call('POST', `/work-items/${doubtful.work_item_id}/cancel`, 412))
await check("it is finished after a user's decision", async () => {
  await call('POST', `/agents/${AGENTS.invoices}/conversations/${doubtful.thread_id}/messages`, 200, { content: 'Approve: the order was placed by phone.' })
  expectSame((await call('POST', `/work-items/${doubtful.work_item_id}/continue`, 200)).status, 'PENDING', 'status')
  expectSame((await settled(doubtful.work_item_id)).status, 'COMPLETED', 'verdict')
})
await check('work items are listed and counted', async () => {
  const { records, next_offset } = await call('GET', '/work-items?work_item_status=COMPLETED&limit=1', 200)
  expectSame([records.length, next_offset, records[0].messages], [1, 1, []], 'first page')
  const [summary] = (await call('GET', '/work-items/summary', 200)).filter(entry => entry.agent_id === AGENTS.invoices)
  expectSame(summary.work_items_status_counts.COMPLETED, 2, 'completed')
})

await check('an agent is exported, compared and imported under another name', async () => {
  const response = await send('GET', `/agents/${agent.id}/export`)
  expectSame(response.headers.get('content-type'), 'application/zip', 'type')
  const zip = await response.blob()
  const form = () => { const made = new FormData(); made.append('file', zip, 'agent.zip'); return made }
  const diff = await call('POST', `/agents/${agent.id}/diff`, 200, form())
  expectSame(diff.is_synced, true, 'in step')
  await call('POST', '/agents/import', 409, form())
  await call('DELETE', `/agents/${agent.id}`, 204)
  const imported = await call('POST', '/agents/import', 200, form())
  expectSame([imported.name, imported.unresolved_mcp_servers], ['Reporter 🗞️', []], 'imported')
})
await check('what there is not is 404', async () => {
  for (const path of ['/nothing', '/agents/none', `${thread}/messages`, '/work-items/none', '/data-connections/none']) await call('GET', path, 404)
})

receiver.close()
await check('the tenant ends when told to', tenant.stop)
finish('REST API')

function send(method, path, body) {
  const headers = { authorization: `Bearer ${KEY}` }
  const form = body instanceof FormData
  if (body && !form) headers['content-type'] = 'application/json'
  return fetch(base + path, { method, headers, body: form ? body : JSON.stringify(body), signal: AbortSignal.timeout(15_000) })
}

// call expects a status, and an error envelope with each that is an error.
async function call(method, path, status, body) {
  const response = await send(method, path, body)
  const text = await response.text()
  expect(response.status === status, `${method} ${path}: ${response.status}, want ${status}: ${text}`)
  const answer = text ? JSON.parse(text) : undefined
  if (status >= 400) expect(answer.error.code && answer.error.message && answer.error.error_id, `no envelope: ${text}`)
  return answer
}

async function stream(path, body) {
  const response = await send('POST', path, body)
  expectSame([response.status, response.headers.get('content-type')], [200, 'text/event-stream'], 'stream')
  return (await response.text()).split('\n').filter(line => line.startsWith('data: ')).map(line => JSON.parse(line.slice(6)))
}

async function settled(id) {
  for (let tries = 0; tries < 200; tries++) {
    const item = await call('GET', `/work-items/${id}?results=true`, 200)
    if (!['DRAFT', 'PENDING', 'EXECUTING'].includes(item.status)) return item
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the work item does not come to an end')
}

// goodInvoice is one that the clerk's own purchase orders bear out; its runbook
// gives it as the example.
async function goodInvoice() {
  const { runbook_text } = await call('GET', `/agents/${AGENTS.invoices}`, 200)
  return JSON.parse(runbook_text.match(/```json\n([\s\S]*?)```/)[1])
}

function textOf(message) {
  return message.content.filter(item => item.kind === 'text').map(item => item.text).join('\n')
}
