'use strict'
// 1 of 4. The data, texts, addresses, CSV, and the picks. Texts reach the page by textContent only.

const byId = id => document.getElementById(id)
const DATA = JSON.parse(byId('data').textContent)
const JOBS = Array.isArray(DATA.jobs) ? DATA.jobs : []
// Null means the same as left out: not known.
const dropNulls = object => { for (const key in object) if (object[key] === null) delete object[key] }
dropNulls(DATA)
for (const job of JOBS) { dropNulls(job); if (Array.isArray(job.outputs)) job.outputs.forEach(dropNulls); else job.outputs = [] }
const BATCH = String(DATA.batch ?? '')

// What each public status looks like: its icon and its colour.
const STATES = {
  queued: ['wait', 'c-off'], submitting: ['sub', 'c-run'], unconfirmed: ['ask', 'c-ask'], running: ['run', 'c-run'],
  fetching: ['get', 'c-get'], succeeded: ['ok', 'c-ok'], failed: ['bad', 'c-bad'], cancelled: ['off', 'c-off'],
}

/** A new element with properties, and children that are elements or texts. */
function make(tag, props, ...children) {
  const el = document.createElement(tag)
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue
    if (key === 'class') el.className = value
    else if (key in el && !key.includes('-') && key !== 'role') el[key] = value
    else el.setAttribute(key, value === true ? '' : value)
  }
  el.append(...children.filter(child => child !== undefined && child !== null))
  return el
}
const icon = name => make('i', { class: 'i ' + name, 'aria-hidden': 'true' })

// Controls that would reorder or hide text. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
/** The text with unseen controls shown as marks, such as ⟨U+202E⟩. */
function shown(text) {
  return String(text ?? '').replace(/\r\n?/g, '\n')
    .replace(UNSEEN, c => '⟨U+' + c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0') + '⟩')
}

// Rows: a row with several copies names each of them row.copy.
const copiesOfRow = new Map()
for (const job of JOBS) {
  const same = copiesOfRow.get(job.row)
  if (same) same.push(job); else copiesOfRow.set(job.row, [job])
}
JOBS.forEach((job, at) => {
  job.at = at
  job.copy ??= 1
  job.name ??= (job.copies ?? copiesOfRow.get(job.row).length) > 1 || job.copy > 1 ? `${job.row}.${job.copy}` : String(job.row)
  // The folded text that the search looks at: long prompts are folded once, when first asked for.
  Object.defineProperty(job, 'haystack', { configurable: true, get() {
    const value = fold([job.name, job.id ?? '', job.prompt ?? '', job.job].join('\n'))
    Object.defineProperty(job, 'haystack', { value })
    return value
  } })
})
const JOB_BY_ID = new Map(JOBS.map(job => [job.job, job]))
const hasClip = job => job.outputs.length > 0
const fold = text => String(text).normalize('NFKC').toLowerCase()

/** Address of a file beside the sheet, or undefined where there is none that may be opened. */
function address(path) {
  if (typeof path !== 'string' || !path) return undefined
  const encode = part => encodeURIComponent(part.toWellFormed?.() ?? part)
  const parts = path.split('/')
  if (/^[A-Za-z]:$/.test(parts[0])) return 'file:///' + parts[0] + '/' + parts.slice(1).map(encode).join('/')
  const safe = parts.filter((part, n) => part || n === 0).map(encode).join('/')
  // "./" in front: a name such as "javascript:x" or "//host/x" stays a name, never a scheme or a host.
  return path.startsWith('/') ? 'file:///' + safe.replace(/^\/+/, '') : './' + safe
}
/** A poster may also stand inside the data. */
const posterAddress = poster => /^data:image\/(jpeg|png|webp|avif|gif);base64,[A-Za-z0-9+/=]+$/.test(poster ?? '') ? poster : address(poster)

function clock(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return ''
  if (seconds < 10 && seconds % 1 >= 0.05) return seconds.toFixed(1) + ' s'
  const whole = Math.round(seconds)
  return Math.floor(whole / 60) + ':' + String(whole % 60).padStart(2, '0')
}
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** `28 Nov 2026, 14:03 UTC`; a text that is no time stays as it is. */
function dateText(text) {
  const date = new Date(text)
  if (!text || Number.isNaN(date.getTime())) return shown(text)
  const two = n => String(n).padStart(2, '0')
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`
}
function sizeText(bytes) {
  if (!Number.isFinite(bytes)) return undefined
  if (bytes < 1000) return bytes + ' B'
  const step = Math.min(3, Math.floor(Math.log10(bytes) / 3))
  return (bytes / 1000 ** step).toFixed(1) + ' ' + ['B', 'kB', 'MB', 'GB'][step]
}
const number = n => n.toLocaleString('en-GB')
const many = (n, one, more = one + 's') => `${number(n)} ${n === 1 ? one : more}`

// CSV (RFC 4180). `job` decides when it is read back; `id` and `note` are for people, and are made inert:
// a leading apostrophe where a spreadsheet would run the text. Reading takes exactly that apostrophe off again.
const RUNS = /^'*[=+\-@\t\r\n＝＋－＠]/
const inert = text => RUNS.test(text) ? "'" + text : text
const alive = text => text.startsWith("'") && RUNS.test(text) ? text.slice(1) : text
const cell = text => /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text
const csvLine = cells => cells.map(cell).join(',') + '\r\n'

/** The records of a CSV text: lists of texts. Commas, or what the first line uses: a spreadsheet may have written `;` or tabs. */
function csvRecords(text) {
  const body = text.replace(/^\ufeff/, '')
  const first = body.split(/\r|\n/, 1)[0]
  const mark = [',', ';', '\t'].find(m => first.split(m).length > 2) ?? ','
  const records = []
  let record = [], value = '', quoted = false
  for (let n = 0; n < body.length; n++) {
    const c = body[n]
    if (quoted) {
      if (c !== '"') value += c
      else if (body[n + 1] === '"') { value += '"'; n++ } else quoted = false
    } else if (c === '"' && value === '') quoted = true
    else if (c === mark) { record.push(value); value = '' }
    else if (c === '\n' || c === '\r') {
      if (c === '\r' && body[n + 1] === '\n') n++
      record.push(value); records.push(record); record = []; value = ''
    } else value += c
  }
  if (quoted) throw new Error('a quoted text is never closed')
  if (value !== '' || record.length) { record.push(value); records.push(record) }
  return records.filter(r => r.length > 1 || r[0] !== '')
}

// Picks: kept by job id, in this browser where it can, and in CSV files.
// One entry a job (`reelq-picks/<key>/<job>`), so that two tabs never overwrite each other's work, and a sheet
// that was written anew, or that shows one row only, finds all picks of its batch again.

const PREFIX = 'reelq-picks/' + (DATA.picks_key ?? BATCH) + '/'
const NOTE_MAX = 2000

const picks = {
  all: new Map(),        // job id -> { pick, note, row, copy, id, unsaved }
  kept: true,            // whether the browser keeps them
  changedHere: false,    // whether something was changed in this window since the last file
  listeners: [],

  of(job) { return this.all.get(job.job) ?? {} },

  read() {
    try {
      const store = localStorage
      store.setItem(PREFIX + '?', '1'); store.removeItem(PREFIX + '?')
      for (let n = 0; n < store.length; n++) {
        const key = store.key(n)
        if (key.startsWith(PREFIX)) this.take(key.slice(PREFIX.length), store.getItem(key))
      }
    } catch { this.kept = false }
  },
  take(id, text) {
    let entry
    try { entry = Object(JSON.parse(text)) } catch { }
    if (entry && typeof entry.note !== 'string') delete entry.note
    if (entry && (isPick(entry.pick) || entry.note)) this.all.set(id, entry); else this.all.delete(id)
  },

  /** Changes one job's verdict (undefined: undecided) or note, keeps it, and tells the page. */
  set(id, change, about) {
    const before = this.all.get(id) ?? {}
    const after = { ...before, ...about, ...change, unsaved: true }
    if (before.pick === after.pick && (before.note ?? '') === (after.note ?? '')) return false
    if (after.pick || after.note) this.all.set(id, after); else this.all.delete(id)
    this.changedHere = true
    this.keep(id)
    return true
  },
  keep(id) {
    if (!this.kept) return
    const entry = this.all.get(id)
    try {
      if (entry) localStorage.setItem(PREFIX + id, JSON.stringify(entry)); else localStorage.removeItem(PREFIX + id)
    } catch { this.kept = false }
  },
  judge(job, pick) {
    const changed = this.set(job.job, { pick }, aboutJob(job))
    if (changed) this.tell([job])
    return changed
  },
  write(job, note) {
    const changed = this.set(job.job, { note: note.slice(0, NOTE_MAX) || undefined }, aboutJob(job))
    if (changed) this.tell([job])
    return changed
  },
  tell(jobs) { for (const listener of this.listeners) listener(jobs) },

  /** The file's text, by row and copy; and how many of its lines are about rows that this sheet does not show. */
  csv() {
    const lines = []
    let elsewhere = 0
    for (const [id, entry] of this.all) {
      if (!isPick(entry.pick)) continue
      const job = JOB_BY_ID.get(id)
      if (!job) elsewhere++
      const about = job ? aboutJob(job) : entry
      lines.push([id, about.row ?? '', about.copy ?? '', about.id ?? '', entry.pick, entry.note ?? ''])
    }
    lines.sort((a, b) => a[1] - b[1] || a[2] - b[2] || (a[0] < b[0] ? -1 : 1))
    const text = csvLine(['job', 'row', 'copy', 'id', 'pick', 'note']) +
      lines.map(l => csvLine([l[0], String(l[1]), String(l[2]), inert(l[3]), l[4], inert(l[5])])).join('')
    return { text, lines: lines.length, elsewhere }
  },
  saved() {
    for (const [id, entry] of this.all) if (entry.unsaved) { delete entry.unsaved; this.keep(id) }
    this.changedHere = false
  },

  /** Reads a picks file. Nothing is changed yet: `fresh` would be new, `differ` are decided otherwise here. */
  parse(text) {
    const [head, ...records] = csvRecords(text)
    const names = (head ?? []).map(name => name.trim().toLowerCase())
    const column = Object.fromEntries(['job', 'row', 'copy', 'id', 'pick', 'note'].map(name => [name, names.indexOf(name)]))
    if (column.job < 0 || column.pick < 0) throw new Error('no columns named job and pick')
    const found = { fresh: [], differ: [], same: 0, elsewhere: 0, bad: 0 }
    records.forEach(record => {
      const get = name => (record[column[name]] ?? '').trim()
      const id = get('job').toLowerCase(), pick = get('pick').toLowerCase()
      if (!/^[0-9a-f]{8,64}$/.test(id) || !isPick(pick)) { found.bad++; return }
      const job = JOB_BY_ID.get(id)
      const rank = text => Number.isSafeInteger(+text) && +text > 0 ? +text : undefined
      const about = job ? aboutJob(job) : { row: rank(get('row')), copy: rank(get('copy')), id: alive(get('id')) || undefined }
      const note = alive(record[column.note] ?? '').replace(/\r\n?/g, '\n').slice(0, NOTE_MAX)
      const mine = this.all.get(id) ?? {}
      if (!job) found.elsewhere++
      const line = { id, about, change: { pick, note: note || mine.note } }
      if (mine.pick === pick && (mine.note ?? '') === (line.change.note ?? '')) found.same++
      else if ((mine.pick && mine.pick !== pick) || (mine.note && note && mine.note !== note)) found.differ.push(line)
      else found.fresh.push(line)
    })
    return found
  },
  apply(lines) {
    const changed = lines.filter(line => this.set(line.id, line.change, line.about))
    this.tell(changed.map(line => JOB_BY_ID.get(line.id)).filter(Boolean))
    return changed.length
  },
}
const isPick = pick => pick === 'picked' || pick === 'rejected'
const aboutJob = job => ({ row: job.row, copy: job.copy, id: job.id })

addEventListener('storage', event => {
  if (event.key === null) { picks.all.clear(); picks.tell(JOBS) }
  else if (event.key.startsWith(PREFIX)) {
    const id = event.key.slice(PREFIX.length)
    picks.take(id, event.newValue)
    const job = JOB_BY_ID.get(id)
    if (job) picks.tell([job])
  }
})
