// What the agents have to say, asked over the tenant's REST API: a way that
// shares nothing with our MCP code. The local tenant's data are the same in
// every process, so the answers of another process have to be equal.
import { KEY } from './programs.mjs'
import { expect } from './checks.mjs'

export const SALES_QUESTION = 'What were total sales by region?'

export async function ask(origin, agent, question) {
  const messages = `${origin}/tenants/local/api/v2/agents/${agent}/conversations`
  const { id } = await post(messages, { name: 'expected' })
  const { data } = await post(`${messages}/${id}/messages`, { content: question })
  return data.filter(message => message.role === 'agent').flatMap(message => message.content)
}

// salesByRegion is taken from the rows that the database gave to the agent, not
// from what the agent wrote about them: [region, dollars as people read them].
export async function salesByRegion(origin, agent) {
  const content = await ask(origin, agent, SALES_QUESTION)
  const query = content.find(item => item.kind === 'tool_call' && item.name === 'query_semantic_data_model')
  const { rows } = JSON.parse(query.result)
  expect(rows.length === 5, `the tenant knows ${rows.length} regions, want 5`)
  return rows.map(([region, cents]) => [region, (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })])
}

// rowsIn are the rows of that table in an answer.
export function rowsIn(text) {
  return [...text.matchAll(/^\| ([^|]+?) \| ([\d,.]+) \|$/gm)].map(([, region, dollars]) => [region, dollars])
}

export async function textOf(origin, agent, question) {
  const content = await ask(origin, agent, question)
  return content.filter(item => item.kind === 'text').map(item => item.text.trim()).join('\n\n')
}

// questionsIn counts what has been sent into the conversations of a name.
export async function questionsIn(origin, agent, name) {
  const url = `${origin}/tenants/local/api/v2/agents/${agent}/conversations`
  const named = (await rest(`${url}?limit=100`)).data.filter(conversation => conversation.name === name)
  const messages = await Promise.all(named.map(({ id }) => rest(`${url}/${id}/messages`)))
  return messages.flatMap(({ data }) => data).filter(message => message.role === 'user').length
}

const post = (url, body) => rest(url, { method: 'POST', body: JSON.stringify(body) })

async function rest(url, init) {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(15_000) })
  expect(response.ok, `${init?.method ?? 'GET'} ${url}: ${response.status}`)
  return response.json()
}
