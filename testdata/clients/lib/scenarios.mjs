// What passes of the official conformance suites, for each endpoint: the
// scenarios, and how many checks of each. With fewer, a scenario passes for having
// looked at less.

// The suites as they are pinned. One that is a release of the protocol tells
// which of its scenarios are required, and checks every message against the
// schema.
export const suites = {
  stable: { name: '0.1.16', script: 'conformance-stable', flags: ['--suite', 'all'] },
  legacy: { name: '2025-11-25', script: '@modelcontextprotocol/conformance', flags: ['--requirements', '2025-11-25'], release: true },
  modern: { name: '2026-07-28', script: '@modelcontextprotocol/conformance', flags: ['--requirements', '2026-07-28'], release: true },
}

// Scenarios that no release requires, and why they fail or warn of something.
const leftOut = [
  [/^tasks-/, 'tasks are what real agents work at: tasks.mjs tests them there'],
  [/^server-sse-polling$/, 'a stream that breaks is not taken up again: its answer is fetched with the id of the run'],
  [/^http-custom-header-server-validation$/, 'no tool asks for headers of its own: some clients do not send them'],
]

// A real agent has none of the suite's fixtures. What its server can do without,
// it has to do.
export const ofAgents = {
  stable: {
    'server-initialize': 1, ping: 1, 'tools-list': 1, 'dns-rebinding-protection': 2, 'server-sse-multiple-streams': 1, 'resources-list': 1,
    'prompts-list': 1,
  },
  legacy: {
    'server-initialize': 3, ping: 2, 'tools-list': 3, 'dns-rebinding-protection': 2, 'server-session-lifecycle': 1,
    'server-sse-multiple-streams': 1, 'resources-list': 2, 'prompts-list': 2,
  },
  modern: {
    'server-stateless': 24, 'tools-list': 4, 'server-sse-multiple-streams': 1, 'sep-2164-resource-not-found': 4,
    'dns-rebinding-protection': 2, 'resources-list': 2, 'prompts-list': 2, caching: 8, 'input-required-result-unsupported-methods': 2,
    'input-required-result-validate-input': 3, 'http-header-validation': 14,
  },
}

// Why a check of a real agent may fail, by what the suite says of it; checks that
// say less are named. Nothing else may fail.
const excuses = [
  [/tool '\w+' not found: tool not found/, 'the tool is one of the fixtures'],
  [/^Tool 'json_schema_2020_12_tool' not found/, 'the tool is one of the fixtures'],
  [/There is no such resource: /, 'the resource is one of the fixtures'],
  [/^Not testable: /, 'nothing to test without the fixtures'],
  [/There is no such prompt here\./, 'the prompt is one of the fixtures'],
  [/\b(resources subscribe|logging) not supported$/, 'agents declare neither'],
]
const excusedChecks = {
  'sep-2575-server-sends-prompts-list-changed-on-subscription': 'the tool that changes the prompts is one of the fixtures',
  'sep-2575-server-sends-tools-list-changed-on-subscription': 'the tool that changes the tools is one of the fixtures',
  'sep-2322-multi-round-r1': 'the tool is one of the fixtures',
  'sep-2322-reject-tampered-state': 'the tool is one of the fixtures',
  'sep-2322-missing-response-rerequests': 'the tool is one of the fixtures',
  'sep-2663-server-rejects-mismatched-mcp-name-on-tasks-get': 'nothing to test without the fixtures',
  'sep-2663-server-returns-missing-capability-when-required': 'no tool needs tasks',
}

export function excuseOfAgents(scenario, { id, errorMessage = '' }) {
  return excusedChecks[id] ?? excuses.find(([message]) => message.test(errorMessage))?.[1] ?? excuseOfFixtures(scenario)
}

// The fixture agent has all fixtures: everything has to pass. What both releases
// require gives the same checks in both.
const inBothEras = {
  'completion-complete': 2, 'tools-call-simple-text': 2, 'tools-call-image': 2, 'tools-call-audio': 2, 'tools-call-embedded-resource': 2,
  'tools-call-mixed-content': 2, 'tools-call-error': 2, 'tools-call-with-progress': 2, 'server-sse-multiple-streams': 1, 'resources-list': 2,
  'resources-read-text': 2, 'resources-read-binary': 2, 'resources-templates-read': 2, 'prompts-list': 2, 'prompts-get-simple': 2,
  'prompts-get-with-args': 2, 'prompts-get-embedded-resource': 2, 'prompts-get-with-image': 2, 'dns-rebinding-protection': 2,
  'json-schema-2020-12': 8,
}
export const ofFixtures = {
  stable: {
    'server-initialize': 1, 'logging-set-level': 1, ping: 1, 'completion-complete': 1, 'tools-list': 1, 'tools-call-simple-text': 1,
    'tools-call-image': 1, 'tools-call-audio': 1, 'tools-call-embedded-resource': 1, 'tools-call-mixed-content': 1,
    'tools-call-with-logging': 1, 'tools-call-error': 1, 'tools-call-with-progress': 1, 'tools-call-sampling': 1,
    'tools-call-elicitation': 1, 'json-schema-2020-12': 4, 'elicitation-sep1034-defaults': 5, 'server-sse-multiple-streams': 1,
    'elicitation-sep1330-enums': 5, 'resources-list': 1, 'resources-read-text': 1, 'resources-read-binary': 1,
    'resources-templates-read': 1, 'resources-subscribe': 1, 'resources-unsubscribe': 1, 'prompts-list': 1, 'prompts-get-simple': 1,
    'prompts-get-with-args': 1, 'prompts-get-embedded-resource': 1, 'prompts-get-with-image': 1, 'dns-rebinding-protection': 2,
  },
  legacy: {
    ...inBothEras,
    'server-initialize': 3, 'logging-set-level': 2, ping: 2, 'tools-list': 3, 'tools-call-with-logging': 2, 'tools-call-sampling': 2,
    'tools-call-elicitation': 2, 'elicitation-sep1034-defaults': 6, 'elicitation-sep1330-enums': 6, 'resources-subscribe': 2,
    'resources-unsubscribe': 2, 'server-session-lifecycle': 1,
  },
  modern: {
    ...inBothEras,
    'server-stateless': 30, 'tools-list': 4, 'sep-2164-resource-not-found': 4, caching: 8, 'http-header-validation': 14,
    'input-required-result-basic-elicitation': 3, 'input-required-result-basic-sampling': 3, 'input-required-result-basic-list-roots': 3,
    'input-required-result-request-state': 3, 'input-required-result-multiple-input-requests': 3, 'input-required-result-multi-round': 4,
    'input-required-result-missing-input-response': 2, 'input-required-result-non-tool-request': 3, 'input-required-result-result-type': 2,
    'input-required-result-unsupported-methods': 2, 'input-required-result-tampered-state': 2, 'input-required-result-capability-check': 2,
    'input-required-result-ignore-extra-params': 2, 'input-required-result-validate-input': 3,
  },
}

export function excuseOfFixtures(scenario) {
  return leftOut.find(([name]) => name.test(scenario))?.[1]
}
