// Every command the READMEs print is run here or named with the test that runs it. Docker and systemd are not
// on every machine: their files are read by cmd/loudou/deploy_test.go.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { root } from './lib.mjs'

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'loudou-readme-'))
after(() => fs.rmSync(dir, { recursive: true, force: true }))

const bash = (command, options = {}) => execFileSync('bash', ['-c', command], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20, ...options })
const full = process.env.LOUDOU_TEST_SCALE === 'full'
// whole runs a long command at full length, else asks make whether it could.
const whole = (command) => () => (full ? bash(command) : assert.match(bash(command.replace('make', 'make -n')), /deploy\/\w+\.sh/))
const mentions = (file, what) => () => assert.ok(fs.readFileSync(path.join(root, file), 'utf8').includes(what), `${file} does not run ${what}`)

// A house of its own: settings of the least, and nobody to reach.
const secret = 'x'.repeat(8) + Math.random().toString(36) + Math.random().toString(36) + Math.random().toString(36)
const own = {
  PATH: process.env.PATH, HOME: dir, LOUDOU_DATA: path.join(dir, 'data'), LOUDOU_DATABASE: `sqlite:${dir}/data/loudou.db`, LOUDOU_SECRET: secret,
  LOUDOU_PUBLIC_URL: 'https://loudou.invalid', LOUDOU_WECHAT_API: 'http://127.0.0.1:1',
}
const commands = {
  'git clone <this repository> loudou && cd loudou': () => {
    if (!fs.existsSync(path.join(root, '.git'))) return assert.ok(fs.existsSync(path.join(root, 'Makefile')), 'an unpacked archive instead of a clone')
    bash(`git clone --quiet --depth 1 'file://${root}' loudou && cd loudou && test -f Makefile && make help`, { cwd: dir })
  },
  'make run': mentions('web/console/e2e/story.test.mjs', "product.start('make run')"),
  'docker compose -f deploy/compose.yaml up -d': mentions('cmd/loudou/deploy_test.go', 'compose.yaml'),
  'make build && install bin/loudou /usr/local/bin/': () => {
    bash(`make build && mkdir -p ${dir}/bin && install bin/loudou ${dir}/bin/`)
    assert.match(bash(`${dir}/bin/loudou version`), /\S/)
  },
  'loudou doctor': () => {
    // Nothing is set up in an empty folder, so it must say what is missing, line by line, and end with a fault.
    let out = '', code = 0
    try { out = bash(`${dir}/bin/loudou doctor 2>&1`, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir } }) } catch (e) { out = e.stdout; code = e.status }
    assert.ok(code !== 0 && /LOUDOU_/.test(out), `ended with ${code}: ${out}`)
  },
  'make test': mentions('deploy/test.mjs', 'passed'),
  'make check': whole('make check'),
  'make bench': whole('make bench'),
  'loudou doctor --dry-run --learner 1': () => {
    // A house without a learner and without a way to be paid: which of the two is missing is said, and what to do.
    let out = '', code = 0
    try { out = bash(`${dir}/bin/loudou migrate up && ${dir}/bin/loudou doctor --dry-run --learner 1 2>&1`, { cwd: dir, env: own }) } catch (e) { out = e.stdout; code = e.status }
    assert.ok(code !== 0 && /上线前试一遍收款[^]*没有编号为 1 的学员/.test(out), `ended with ${code}: ${out}`)
  },
  'loudou migrate status': () => {
    assert.match(bash(`${dir}/bin/loudou migrate up && ${dir}/bin/loudou migrate status`, { cwd: dir, env: own }), /\d{4}/)
  },
}

for (const file of ['README.md', 'README.zh-CN.md']) {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  const fenced = [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap((m) => m[1].split('\n')).map((l) => l.replace(/\s+#.*$/, '').trim()).filter(Boolean)
  const inline = [...text.matchAll(/`((?:loudou|make) [a-z ]+)`/g)].map((m) => m[1])
  test(`${file}: every command is known here`, () => {
    assert.ok(fenced.length > 5)
    // The clone's placeholder is a word of the language.
    const known = (c) => commands[c] ?? (c.startsWith('git clone <') && commands[Object.keys(commands)[0]])
    assert.deepEqual([...fenced, ...inline].filter((c) => !known(c)), [])
  })
}

for (const [command, run] of Object.entries(commands)) test(`README: ${command}`, { timeout: full ? 3600_000 : 180_000 }, run)
