// A reverse proxy that adds the API key. The conformance suite can send none,
// and everything else has to reach the server as the suite sent it: Host and
// Origin above all, or its rebinding scenario would test this proxy.
import http from 'node:http'
import { once } from 'node:events'

export async function keyProxy(target, key) {
  const { hostname, port } = new URL(target)
  const server = http.createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${key}` }
    const upstream = http.request(
      { hostname, port, path: request.url, method: request.method, headers, setHost: false, agent: false },
      answer => {
        response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders)
        response.flushHeaders() // an event stream's begin has to arrive before its first event
        answer.pipe(response)
        answer.on('error', () => response.destroy())
      },
    )
    upstream.on('error', () => response.destroy())
    // Hanging up is how a modern client cancels: the server has to see it.
    response.on('close', () => upstream.destroy())
    request.pipe(upstream)
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
