// An OpenID provider for users who agree to everything at once, and their browser.
import http from 'node:http'
import { once } from 'node:events'
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'
import { expect } from './checks.mjs'

// issuer starts a provider. Each user is given, of the scopes that a client asks
// for, those that are the user's.
export async function issuer(users, offered) {
  const server = http.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const tokens = { expired: false } // whether those that are issued are too old
  const provider = new Provider(url, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['a secret of the test'] },
    clientAuthMethods: ['none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    scopes: ['openid', 'offline_access', ...offered], // clients register with those that the server names
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 60, RefreshToken: 600, Session: 600 },
    formats: {
      customizers: {
        jwt(_, token, parts) {
          if (tokens.expired) parts.payload.exp = parts.payload.iat - 60
          return parts
        },
      },
    },
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    expiresWithSession: async () => false,
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactions: { url: (_, interaction) => `/agree/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_, resource) => ({
          scope: offered.join(' '), audience: resource,
          accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/agree/')) return answer(request, response)
    agree(provider, users, request, response).catch(error => response.writeHead(500).end(String(error?.stack ?? error)))
  })
  return {
    url,
    tokens,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function agree(provider, users, request, response) {
  const { params, prompt, session, grantId } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login') {
    const accountId = new URL(request.url, provider.issuer).searchParams.get('user') ?? request.headers['x-user']
    return provider.interactionFinished(request, response, { login: { accountId } })
  }
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  const mine = users[session.accountId]
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.filter(scope => mine.includes(scope)).join(' '))
    grant.rejectResourceScope(resource, scopes.filter(scope => !mine.includes(scope)).join(' '))
  }
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '))
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

// signIn is the user's browser: it follows an authorization URL to where the client
// wants to be called back.
export async function signIn(authorization, user, callback) {
  const cookies = new Map()
  let at = new URL(authorization)
  for (let steps = 0; steps < 20; steps++) {
    if (String(at).startsWith(callback)) return at
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie, 'x-user': user } })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/)
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    expect(location, `the provider answers ${response.status} ${(await response.text()).slice(0, 500)}`)
    at = new URL(location, at)
  }
  throw new Error(`the provider leads nowhere: ${at}`)
}
