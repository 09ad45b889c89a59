// Runs the four kinds of tests, keeps their full output in test-output/, prints what failed, and ends
// with "N passed, N failed". A suite that breaks before its tests counts as one failed.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import readline from 'node:readline'

const limit = process.argv[2] ?? '20m'
const total = { passed: 0, failed: 0 }
const failures = [] // told once more at the end, where whoever sees only that finds them
function failed(what, why = '') {
  console.log(`FAIL ${what}\n${why}`)
  failures.push(`FAIL ${what}\n${why.slice(-1200)}`)
}

function run(cmd, args, options, onLine) {
  return new Promise((done) => {
    const p = spawn(cmd, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const keep = fs.createWriteStream(`test-output/${options.log}`)
    readline.createInterface({ input: p.stdout }).on('line', (l) => { keep.write(l + '\n'); onLine?.(l) })
    readline.createInterface({ input: p.stderr }).on('line', (l) => { keep.write(l + '\n'); if (options.tellErrors) console.log(l) })
    p.on('close', (code) => keep.end(() => done(code ?? 1)))
  })
}

async function go() {
  console.log('Go tests, race detector, SQLite and MariaDB …')
  const seen = { passed: 0, failed: 0 }
  const output = new Map()
  const code = await run('go', ['test', '-race', '-json', '-timeout', limit, '-p', '2', './...'], { log: 'go.json', tellErrors: true }, (line) => {
    let e
    try { e = JSON.parse(line) } catch { return }
    const key = `${e.Package} ${e.Test ?? ''}`
    if (e.Action === 'output' || e.Action === 'build-output') output.set(key, (output.get(key) ?? '') + e.Output)
    if (!e.Test) {
      if (e.Action === 'fail') { console.log(`FAIL ${e.Package}\n${(output.get(key) ?? '').slice(-3000)}`); seen.broken = (seen.broken ?? 0) + 1 }
      if (e.Action === 'pass') console.log(`ok   ${e.Package}  ${e.Elapsed ?? 0} s`)
      return
    }
    if (e.Action === 'pass') { seen.passed++; output.delete(key) }
    if (e.Action === 'skip') console.log(`SKIP ${key}`)
    if (e.Action === 'fail') { seen.failed++; failed(key, (output.get(key) ?? '').slice(-3000)) }
  })
  if (code !== 0 && seen.failed === 0) seen.failed = seen.broken ?? 1
  return seen
}

async function vitest() {
  console.log('front-end tests …')
  const file = `${process.cwd()}/test-output/vitest.json`
  const code = await run('npx', ['vitest', 'run', '--reporter=json', `--outputFile=${file}`], { cwd: 'web/console', log: 'vitest.log' })
  return report(file, code, 'front end')
}

function report(file, code, name) {
  try {
    const r = JSON.parse(fs.readFileSync(file, 'utf8'))
    for (const f of r.testResults) {
      if (f.status === 'failed' && f.assertionResults.length === 0) failed(f.name, f.message)
      for (const a of f.assertionResults) if (a.status === 'failed') failed(a.fullName, a.failureMessages.join('\n').slice(0, 2000))
    }
    return { passed: r.numPassedTests, failed: r.numFailedTests || (code === 0 ? 0 : 1) }
  } catch {
    failed(`${name}: no report, exit ${code}; see test-output/`)
    return { passed: 0, failed: 1 }
  }
}

// nodeTests runs the test files of a folder, in their order.
async function nodeTests(cwd, folder, log) {
  const seen = { passed: 0, failed: 0 }
  let told = []
  let why // what follows a failed line: its error, to the line of three dots
  const files = fs.readdirSync(`${cwd}/${folder}`).filter((f) => f.endsWith('.test.mjs')).sort().map((f) => `${folder}/${f}`)
  const code = await run('node', ['--test', '--test-reporter=tap', '--test-concurrency=1', ...files], { cwd, log }, (line) => {
    told.push(line)
    if (why) {
      why.lines.push(line)
      if (line.trim() === '...') { failed(why.name, why.lines.join('\n').slice(0, 3000)); why = undefined }
    }
    const m = /^(\s*)(not )?ok \d+ - (.*)$/.exec(line)
    if (!m || /# (SUBTEST|SKIP|TODO)/i.test(m[3])) { if (told.length > 400) told = told.slice(-200); return }
    if (m[1].length === 0 && /\.test\.mjs$/.test(m[3]) && !m[2]) return // the file itself
    if (m[2]) { seen.failed++; why = { name: m[3], lines: [] } } else { seen.passed++; console.log(`ok   ${m[3]}`) }
  })
  if (code !== 0 && seen.failed === 0) { seen.failed = 1; failed(`${folder}: exit ${code}`, told.slice(-120).join('\n')) }
  return seen
}

function miniprogram() {
  console.log('Mini Program tests, without WeChat\'s tools …')
  return nodeTests('web/miniprogram', 'test', 'miniprogram.tap')
}

function browser() {
  console.log('browser tests, headless Chromium …')
  return nodeTests('web/console', 'e2e', 'browser.tap')
}

for (const suite of [go, vitest, miniprogram, browser]) {
  const r = await suite()
  total.passed += r.passed
  total.failed += r.failed
}
if (failures.length) console.log(`\n---- what failed, once more\n${failures.join('\n')}`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed ? 1 : 0)
