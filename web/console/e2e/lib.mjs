// Starts the product as `make run` does (the demo, its fake WeChat beside it), on private ports and data,
// with the MariaDB and Redis of the test run where there are any, and drives real Chromium.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const output = path.join(root, 'test-output')
const axeSource = fs.readFileSync(path.join(root, 'web/console/node_modules/axe-core/axe.min.js'), 'utf8') + ';0'

const freePort = () => new Promise((done) => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)) }) })
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

// until waits for fn to give something, and fails with what after ms.
export async function until(what, fn, ms = 30_000) {
  let last
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
    try { const v = await fn(); if (v) return v } catch (e) { last = e }
  }
  throw new Error(`never: ${what}${last ? ` (${last.message})` : ''}`)
}

async function mariadb(sql) {
  const m = /^(.*)@tcp\((.*):(\d+)\)\/$/.exec(process.env.LOUDOU_TEST_MYSQL)
  await new Promise((done, fail) => spawn('mariadb', ['--no-defaults', '-h', m[2], '-P', m[3], '-u', m[1], '-e', sql], { stdio: 'inherit' }).on('exit', (c) => (c ? fail(new Error('mariadb: ' + sql)) : done())))
}

// redis gives an address of an emptied database of the tests' Redis: what one product counted (logins tried from
// this address among it) is nothing to the next one.
async function redis() {
  const address = new URL(process.env.LOUDOU_TEST_REDIS)
  address.pathname = `/${1 + process.pid % 15}`
  await new Promise((done, fail) => {
    const s = net.connect(Number(address.port), address.hostname, () => s.end(`SELECT ${address.pathname.slice(1)}\r\nFLUSHDB\r\n`))
    let said = ''
    s.on('data', (b) => { said += b }).on('error', fail).on('close', () => (said === '+OK\r\n+OK\r\n' ? done() : fail(new Error(`redis: ${said}`))))
  })
  return address.href
}

// Product is one running product. start() may be called again after kill(): the data stays.
export class Product {
  static async make(name, env = {}) {
    const p = new Product()
    p.dir = fs.mkdtempSync(path.join(os.tmpdir(), `loudou-${name}-`))
    if (process.env.LOUDOU_E2E_ATTACH) { // "console,phone,password" of a demo that runs already: to write tests against
      p.attached = true
      ;[p.url, p.phone, p.password] = process.env.LOUDOU_E2E_ATTACH.split(',')
      return p
    }
    const ports = [await freePort(), await freePort(), await freePort()]
    p.url = `http://127.0.0.1:${ports[0]}`
    p.phone = `http://127.0.0.1:${ports[1]}`
    p.env = { ...process.env, LOUDOU_DATA: p.dir, LOUDOU_ADDR: `127.0.0.1:${ports[0]}`, LOUDOU_FAKE_ADDR: `127.0.0.1:${ports[1]}`, LOUDOU_METRICS_ADDR: `127.0.0.1:${ports[2]}`, ...env }
    if (process.env.LOUDOU_TEST_MYSQL) {
      p.database = `e2e_${process.pid}_${Math.random().toString(36).slice(2, 8)}`
      await mariadb(`CREATE DATABASE ${p.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`)
      p.env.LOUDOU_DATABASE = `mysql://${process.env.LOUDOU_TEST_MYSQL}${p.database}`
    }
    if (process.env.LOUDOU_TEST_REDIS) p.env.LOUDOU_REDIS = await redis()
    return p
  }

  // start runs the demo: the built program, or the command a newcomer types.
  async start(command) {
    if (this.attached) return
    this.log = ''
    const [name, args, cwd] = command ? ['bash', ['-c', command], root] : [path.join(root, 'bin/loudou'), ['demo'], this.dir]
    this.process = spawn(name, args, { cwd, env: this.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true }) // a group of its own, so that kill reaches what make started
    fs.mkdirSync(output, { recursive: true })
    const keep = (b) => { this.log += b; fs.appendFileSync(path.join(output, 'product.log'), b) }
    this.process.stdout.on('data', keep)
    this.process.stderr.on('data', keep)
    this.gone = new Promise((done) => this.process.once('exit', done))
    await until('the demo says it is ready', () => { if (this.process.exitCode !== null) throw new Error(this.log.slice(-800)); return /is ready/.test(this.log) }, 240_000)
    this.password = /password\s+(\S+)/.exec(this.log)[1]
  }

  // sql writes into the product's own database, past the service; only where the tests have a MariaDB.
  sql(text) { return mariadb(`USE ${this.database}; ${text}`) }

  async kill(signal = 'SIGKILL') {
    process.kill(-this.process.pid, signal)
    await this.gone
    await until('the port is free again', () => new Promise((done) => { const s = net.connect(Number(new URL(this.phone).port), '127.0.0.1').once('connect', () => { s.destroy(); done(false) }).once('error', () => done(true)) }), 10_000)
  }

  async end() {
    if (this.process && this.process.exitCode === null) await this.kill('SIGTERM')
    if (this.database) await mariadb(`DROP DATABASE IF EXISTS ${this.database}`)
    fs.rmSync(this.dir, { recursive: true, force: true })
  }

  // fake calls the control door of the fake WeChat.
  async fake(method, route, body) {
    const r = await fetch(this.phone + '/fake/v1' + route, { method, headers: body ? { 'Content-Type': 'application/json' } : {}, body: body && JSON.stringify(body) })
    if (!r.ok) throw new Error(`${method} ${route}: ${r.status} ${await r.text()}`)
    return r.json()
  }
}

// Browser keeps every page's faults: errors, refusals of the CSP, requests to anybody but ourselves.
export class Browser {
  static async launch() {
    const b = new Browser()
    b.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
    b.faults = []
    return b
  }

  async page(options = {}) {
    const context = await this.browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(30_000)
    page.on('pageerror', (e) => this.faults.push(`error on ${page.url()}: ${e.message}`))
    page.on('console', (m) => { if (/Content Security Policy/i.test(m.text())) this.faults.push(`CSP on ${page.url()}: ${m.text()}`) })
    page.on('request', (r) => { const u = new URL(r.url()); if (/^https?:$/.test(u.protocol) && u.hostname !== '127.0.0.1') this.faults.push(`outside request on ${page.url()}: ${r.url()}`) })
    return page
  }

  close() { return this.browser.close() }
}

// login lets somebody in on a page that is open already; enter opens a page for them first. Both end on the home page.
export async function login(product, page, { name = 'boss', password = product.password, route = '/console/' } = {}) {
  await page.goto(product.url + route)
  await page.getByLabel('名字').fill(name)
  await page.getByLabel('密码').fill(password)
  await page.keyboard.press('Enter')
  await page.locator(at('live-stream')).waitFor()
}
export async function enter(product, browser, { name, password, ...options } = {}) {
  const page = await browser.page(options)
  await login(product, page, { name, password })
  return page
}

export const at = (name) => `[data-test="${name}"]`

// somebody is a new person, who then holds the phone.
export async function somebody(product, phone, name, platform = 'android') {
  await phone.goto(product.phone + '/#/people')
  await phone.locator(at('new-name')).fill(name)
  await phone.locator(at('new-platform')).selectOption(platform)
  await phone.locator(at('new-person')).click()
  await until(`${name} holds the phone`, async () => (await phone.evaluate(() => location.hash)) === '#/')
}

// fan is the phone of a new person who follows by the code of a poster.
export async function fan(product, browser, name) {
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await somebody(product, phone, name)
  await phone.goto(product.phone + '/#/scan')
  await phone.locator(`${at('scene-code')}[data-scene="poster-7"]`).click()
  return phone
}

// speak types a sentence into the chat with the account and sends it.
export async function speak(product, phone, text) {
  await phone.goto(product.phone + '/#/chat')
  const input = phone.locator(at('say-input'))
  if (!(await input.isVisible())) await phone.locator(at('switch-input')).click()
  await input.fill(text)
  await input.press('Enter')
}

export async function shot(page, name) {
  fs.mkdirSync(output, { recursive: true })
  await page.screenshot({ path: path.join(output, name + '.png') })
}

// axe gives the findings of WCAG A and AA on the page as it stands.
export async function axe(page) {
  await page.evaluate(axeSource)
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })
    return violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')}`)
  })
}

// drawn waits for the next picture: after a change of the window's size its media rules hold only from then on.
const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))

// sideways tells by how many pixels the page can be scrolled sideways.
export const sideways = async (page) => {
  await drawn(page)
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth))
}

// small lists what a finger could miss: visible controls less than 44 px high or wide (text links inside a sentence excepted).
export const small = async (page) => (await drawn(page), page.evaluate(() => [...document.querySelectorAll('button, a[href], input:not([type=hidden]), select, [role=button], [role=tab], [role=menuitem]')].flatMap((el) => {
  const box = el.getBoundingClientRect(), style = getComputedStyle(el)
  if (!el.checkVisibility() || !box.width || !box.height || style.visibility === 'hidden' || style.opacity === '0' || el.closest('[aria-hidden=true]') || box.bottom < 0 || box.width <= 1) return []
  if (el.tagName === 'A' && style.display === 'inline') return []
  const reach = el.closest('label, .el-input__wrapper, .el-select__wrapper, .el-textarea, td, .el-checkbox, .el-radio, .el-switch') ?? el
  const r = reach.getBoundingClientRect()
  return Math.max(box.height, r.height) >= 43.5 && Math.max(box.width, r.width) >= 43.5 ? [] : [`${el.tagName.toLowerCase()} ${(el.getAttribute('aria-label') ?? el.textContent ?? '').trim().slice(0, 20)} ${Math.round(box.width)}×${Math.round(box.height)}`]
})))
