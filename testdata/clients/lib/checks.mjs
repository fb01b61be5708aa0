// Checks with one line of output each. A check that hangs fails by itself: no
// client here may hold up the whole run.

let passed = 0
const failures = []

// check runs one check and returns what it returned, undefined when it failed.
// What the check returns as a string, or as its property said, ends its line.
export async function check(name, run, { within = 20_000 } = {}) {
  const began = performance.now()
  try {
    const result = await deadline(run(), within)
    const said = typeof result === 'string' ? result : result?.said
    console.log(`ok    ${name}${said ? `: ${said}` : ''} (${elapsed(began)})`)
    passed++
    return result ?? true
  } catch (error) {
    console.log(`FAIL  ${name}: ${String(error?.message ?? error).replaceAll('\n', '\n      ')} (${elapsed(began)})`)
    failures.push(name)
  }
}

export function note(text) {
  console.log(`      ${text}`)
}

// finish ends the program. Its status is the only thing that CI reads. Where the
// number of checks is held, one that is no longer made fails like one that fails.
export function finish(what, held = passed) {
  if (passed !== held) console.log(`FAIL  ${passed} checks passed, ${held} are held`)
  console.log(`${what}: ${passed} passed, ${failures.length} failed`)
  process.exit(failures.length || !passed || passed !== held ? 1 : 0)
}

export function expect(truth, message) {
  if (!truth) throw new Error(message)
}

export function expectSame(got, want, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)]
  expect(a === b, `${what}: got ${a}, want ${b}`)
}

export function deadline(promise, within) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing after ${within} ms`)), within)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

const elapsed = began => `${((performance.now() - began) / 1000).toFixed(1)} s`
