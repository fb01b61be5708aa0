// A program on stdio, spoken to in bytes: what no client would send, and what came
// back before any client has looked at it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { deadline, expect, expectSame } from './checks.mjs'
import { started } from './programs.mjs'

export function lines({ command, args }) {
  const child = started(spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] }))
  const arrived = []
  const waiting = []
  let rest = Buffer.alloc(0)
  child.stdout.on('data', chunk => {
    rest = Buffer.concat([rest, chunk])
    for (let end; (end = rest.indexOf('\n')) >= 0; rest = rest.subarray(end + 1)) {
      const line = new TextDecoder('utf-8', { fatal: true }).decode(rest.subarray(0, end))
      waiting.length ? waiting.shift()(line) : arrived.push(line)
    }
  })
  const ended = once(child, 'close')
  const next = () => arrived.length ? Promise.resolve(arrived.shift()) : deadline(new Promise(resolve => waiting.push(resolve)), 5_000)
  const send = async (...sent) => {
    for (const each of sent) {
      child.stdin.write(each)
      child.stdin.write('\n')
    }
  }
  return {
    send,
    next,
    // ask sends one line and returns the next one that comes, with its text.
    async ask(line) {
      await send(line)
      const text = await next()
      const message = JSON.parse(text)
      return Object.assign(message, { text })
    },
    // quiet holds that nothing is said to these lines: what comes next answers
    // the one after them.
    async quiet(...unanswered) {
      await send(...unanswered, '{"jsonrpc":"2.0","id":"quiet","method":"ping"}')
      expectSame(await next(), '{"jsonrpc":"2.0","id":"quiet","result":{}}', 'the next line')
    },
    write: text => child.stdin.write(text),
    // end closes the program's input and waits for its end, which has to be a
    // good one.
    async end() {
      child.stdin.end()
      const [status] = await deadline(ended, 5_000)
      expectSame(status, 0, 'status')
      expect(!rest.length && !arrived.length, `unasked: ${rest}${arrived.join('\n')}`)
    },
  }
}
