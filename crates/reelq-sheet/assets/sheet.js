// 4 of 4. The header, the filters, the keys; and the start.

const settings = {
  value: { size: 225, advance: false, hover: true, letters: true },
  read() { try { Object.assign(this.value, JSON.parse(localStorage.getItem('reelq-sheet') ?? '{}')) } catch { } },
  set(name, value) {
    this.value[name] = value
    try { localStorage.setItem('reelq-sheet', JSON.stringify(this.value)) } catch { }
  },
}
const PICKS_FILE = String(DATA.picks_file ?? 'picks-' + BATCH.replace(/[^\p{L}\p{N}._-]+/gu, '-') + '.csv')

/** Shows a short message, and has it read aloud; in the large view, where one is open. */
function say(text) {
  const el = view.el.open ? byId('view-said') : byId('said')
  el.textContent = ''
  requestAnimationFrame(() => { el.textContent = text })
}
function warn(text) {
  byId('alert').hidden = !text
  byId('alert').textContent = text
}

// Filters.
const verdictOf = job => hasClip(job) ? picks.of(job).pick ?? 'undecided' : undefined
const FILTERS = [
  ['all', 'all', () => true],
  ['undecided', 'undecided', job => verdictOf(job) === 'undecided'],
  ['picked', 'picked', job => verdictOf(job) === 'picked', 'flag', 'c-ok'],
  ['rejected', 'rejected', job => verdictOf(job) === 'rejected', 'x', 'c-bad'],
  ['noted', 'with a note', job => !!picks.of(job).note, 'note', 'c-ask'],
  ...Object.entries(STATES).filter(([state]) => state !== 'succeeded' && JOBS.some(job => job.status === state))
    .map(([state, [glyph, colour]]) => [state, state, job => job.status === state, glyph, colour]),
]
let filter = FILTERS[0], query = ''
const fits = job => filter[2](job) && (!query || job.haystack.includes(query))

function ordered() {
  const list = JOBS.filter(fits)
  const order = byId('order').value
  // Copies of a row stand together in every order.
  if (order === 'back') list.sort((a, b) => b.row - a.row || a.copy - b.copy || a.at - b.at)
  else if (order === 'new') {
    const newest = new Map()
    for (const job of list) if ((job.finished_at ?? '') >= (newest.get(job.row) ?? '')) newest.set(job.row, job.finished_at ?? '')
    list.sort((a, b) => (newest.get(a.row) < newest.get(b.row) ? 1 : newest.get(a.row) > newest.get(b.row) ? -1 : a.row - b.row) || a.copy - b.copy)
  } else list.sort((a, b) => a.row - b.row || a.copy - b.copy || a.at - b.at)
  return list
}
function refilter(top = true) {
  const job = table.job()
  table.show(ordered(), job)
  byId('empty').hidden = table.list.length > 0
  byId('empty').firstChild.textContent = JOBS.length ? 'No clip fits.' : 'This batch has no rows yet.'
  byId('reset').hidden = byId('empty').children[1].hidden = !JOBS.length
  for (const chip of byId('chips').children) chip.setAttribute('aria-pressed', chip.filter === filter)
  if (top) scrollTo({ top: 0, behavior: 'instant' })
  count()
}
function choose(next) { filter = next; refilter(); say(`${many(table.list.length, 'tile')}: ${filter[1]}`) }

/** Counts, wherever they are shown. States never change here: they are counted once; verdicts are counted from the picks. */
const tally = Object.fromEntries(FILTERS.map(([name, , test], n) => [name, n === 0 || n > 4 ? JOBS.filter(test).length : 0]))
const CLIPS = JOBS.filter(hasClip).length
function count() {
  let elsewhere = 0, unsaved = 0, picked = 0, rejected = 0, noted = 0
  for (const [id, entry] of picks.all) {
    const job = JOB_BY_ID.get(id)
    if (isPick(entry.pick)) { if (!job) elsewhere++; if (entry.unsaved) unsaved++ }
    if (!job) continue
    if (entry.note) noted++
    if (hasClip(job)) { if (entry.pick === 'picked') picked++; else if (entry.pick === 'rejected') rejected++ }
  }
  const undecided = CLIPS - picked - rejected
  Object.assign(tally, { undecided, picked, rejected, noted })
  for (const chip of byId('chips').children) {
    chip.lastChild.textContent = number(tally[chip.filter[0]])
    if (chip.filter[0] === 'noted') chip.hidden = chip.filter !== filter && !noted
  }
  const text = [make('b', { class: 'c-ok' }, icon('flag'), ` ${number(picked)} picked`), ', ', make('b', { class: 'c-bad' }, icon('x'), ` ${number(rejected)} rejected`), `, ${number(undecided)} undecided`, elsewhere ? ` (and ${many(elsewhere, 'pick')} of other rows)` : '']
  const plain = text.map(part => part.textContent ?? part).join('')
  if (byId('counts').textContent !== plain) byId('counts').replaceChildren(...text.filter(Boolean))
  byId('unsaved').textContent = unsaved ? `(${number(unsaved)} new)` : ''
  const gone = FILTERS.slice(1, 5).includes(filter) ? table.list.reduce((n, job) => n + !filter[2](job), 0) : 0
  byId('stale').hidden = !gone
  byId('stale-text').textContent = `${many(gone, 'tile')} no longer ${gone === 1 ? 'fits' : 'fit'} this filter.`
  if (!picks.kept) warn('This browser keeps nothing for this page. Save your picks to a file before you close it.')
}

// Verdicts.
function judge(job, pick) {
  if (!job) return
  if (!hasClip(job)) return say(`Row ${job.name} has no clip to judge`)
  picks.judge(job, pick)
  say(`Row ${job.name}: ${pick ?? 'undecided'}`)
  if (pick && settings.value.advance) view.el.open ? view.move(1) : table.go(table.here + 1)
}
picks.listeners.push(jobs => { table.repaint(jobs); if (view.job) view.paint(); count() })

// Files.
function save() {
  const { text, lines, elsewhere } = picks.csv()
  if (!lines) return say('Nothing is picked or rejected yet')
  const link = make('a', { href: URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' })), download: PICKS_FILE })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
  picks.saved()
  count()
  say(`${many(lines, 'pick')} written to ${PICKS_FILE}, where your browser puts downloads` + (elsewhere ? `; ${number(elsewhere)} of them of other rows` : ''))
}
async function load(file) {
  let found
  try {
    if (file.size > 64e6) throw new Error('it is larger than 64 MB')
    found = picks.parse(new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()))
  } catch (error) {
    return warn(`${shown(file.name)} is no picks file: ${error instanceof TypeError ? 'it is not UTF-8 text' : error.message}. Choose a file that "Save picks" wrote.`)
  }
  warn('')
  let take = [...found.fresh]
  if (found.differ.length) {
    byId('merge-text').textContent = `${shown(file.name)} holds ${found.fresh.length ? many(found.fresh.length, 'new pick') + ', and ' : ''}${many(found.differ.length, 'line')} that ${found.differ.length === 1 ? 'says' : 'say'} something else than yours.`
    const answer = await asked(byId('merge'))
    if (answer !== 'mine' && answer !== 'theirs') return say('Nothing was loaded')
    if (answer === 'theirs') take = take.concat(found.differ)
  }
  const taken = picks.apply(take)
  const parts = [`${many(taken, 'pick')} loaded`, found.same ? `${number(found.same)} already here` : '', found.elsewhere ? `${number(found.elsewhere)} of rows that are not on this sheet, kept` : '', found.bad ? `${many(found.bad, 'line')} not understood` : '']
  say(parts.filter(Boolean).join(', '))
}
function asked(box) {
  box.returnValue = ''
  box.showModal()
  return new Promise(resolve => box.addEventListener('close', () => resolve(box.returnValue), { once: true }))
}

// Keys. Letters act on clips only while the table or the large view has the focus, and can be switched off.
const boxOpen = () => document.querySelector('dialog.box[open]')
document.addEventListener('keydown', event => {
  const { key, target } = event
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || boxOpen()) return
  if (target.matches('textarea, select, input:not([type=checkbox])')) return
  const inView = view.el.open, inTable = !inView && table.el.contains(target), letters = settings.value.letters
  const onButton = target.matches('button, [type=checkbox], code')
  // Who tabs into the player or into a long prompt moves in there.
  const onPlayer = target.matches('.long') || (target.matches('video, audio') && target.matches(':focus-visible'))
  const job = inView ? view.job : table.job()
  let act
  if (inView && !onPlayer) act = { ArrowLeft: () => view.move(-1), ArrowRight: () => view.move(1), ArrowUp: () => view.moveRow(-1), ArrowDown: () => view.moveRow(1), ' ': !onButton && (() => view.pause()) }[key]
  else if (inTable || (!inView && target === document.body && key.startsWith('Arrow'))) act = tableKeys(key, inTable, target)
  if (!act && letters && (inView || inTable)) {
    act = { p: () => judge(job, 'picked'), 1: () => judge(job, 'picked'), x: () => judge(job, 'rejected'), 0: () => judge(job, 'rejected'), u: () => judge(job), n: () => noteBox.open(job) }[key.toLowerCase()]
    if (inView) act ??= { c: () => view.compare(), m: () => view.mute(), ',': () => view.step(-0.1), '.': () => view.step(0.1) }[key.toLowerCase()]
  }
  if (!act && letters) act = { '?': () => byId('keys').showModal(), s: save, '/': !inView && (() => byId('search').select()) }[key.toLowerCase()]
  if (!act) return
  event.preventDefault()
  act()
})
function tableKeys(key, inTable, target) {
  const { here, cols, list } = table
  if (!inTable) return () => table.go(here)
  const page = Math.max(1, Math.floor((innerHeight - 200) / table.pitch)) * cols
  const open = target.matches('.tile') && (() => view.open(table.job()))
  const to = { ArrowLeft: here - 1, ArrowRight: here + 1, ArrowUp: here - cols, ArrowDown: here + cols, Home: 0, End: list.length - 1, PageUp: Math.max(here % cols, here - page), PageDown: here + page }[key]
  if (key === 'Enter' || key === ' ') return open
  if (to === undefined) return undefined
  return () => { if (to >= 0 || key === 'Home') table.go(to < list.length ? to : key === 'ArrowDown' || key === 'PageDown' ? list.length - 1 : here) }
}
const tileOf = event => event.target.closest?.('.tile')
table.el.addEventListener('click', event => {
  const tile = tileOf(event), deed = event.target.closest('[data-do]')?.dataset.do
  if (!tile) return
  table.go(table.list.indexOf(tile.job))
  if (!deed) view.open(tile.job)
  else if (deed === 'note') noteBox.open(tile.job)
  else { const pick = deed === 'pick' ? 'picked' : 'rejected'; judge(tile.job, picks.of(tile.job).pick === pick ? undefined : pick) }
})
table.el.addEventListener('pointerover', event => { const tile = tileOf(event); if (tile && event.pointerType !== 'touch') player.soon(tile) })
table.el.addEventListener('pointerleave', () => player.stop())
table.el.addEventListener('focusin', event => { const tile = tileOf(event); if (tile?.matches(':focus-visible')) player.soon(tile) })
table.el.addEventListener('focusout', event => { if (!table.el.contains(event.relatedTarget)) player.stop() })

// The start.
function start() {
  settings.read(); picks.read()
  const { size, advance, hover, letters } = settings.value
  byId('batch').textContent = shown(BATCH)
  const meta = [make('b', {}, many(copiesOfRow.size, 'row')), ', ', make('b', {}, many(CLIPS, 'clip')), ' · ', DATA.cost === undefined ? 'cost not known' : shown(DATA.cost), ' · written ', DATA.written_at ? dateText(DATA.written_at) : 'at an unknown time']
  byId('meta').append(...meta)
  byId('notes').append(...(DATA.notes ?? []).map(text => make('p', { dir: 'auto' }, shown(text))))
  byId('command').textContent = String(DATA.next ?? '')
  byId('next').hidden = !DATA.next
  byId('chips').append(...FILTERS.map(f => {
    const chip = make('button', { class: 'chip', type: 'button' }, f[3] && make('span', { class: f[4] }, icon(f[3])), f[1], make('small'))
    chip.filter = f
    chip.onclick = () => choose(f)
    return chip
  }))
  for (const [id, value] of [['advance', advance], ['hover', hover], ['letters', letters]]) {
    byId(id).checked = value
    byId(id).onchange = () => { settings.set(id, byId(id).checked); table.playsOnPoint = settings.value.hover; player.stop() }
  }
  table.playsOnPoint = hover
  table.size = byId('size').value = size
  byId('size').oninput = () => { table.size = +byId('size').value; settings.set('size', table.size); resized() }
  byId('order').onchange = () => refilter()
  let typing
  byId('search').oninput = () => { clearTimeout(typing); typing = setTimeout(() => { query = fold(byId('search').value.trim()); refilter(); say(many(table.list.length, 'tile')) }, 120) }
  byId('search').onkeydown = event => { if (event.key === 'Enter' || event.key === 'ArrowDown') { event.preventDefault(); table.go(0) } }
  byId('reset').onclick = () => { query = byId('search').value = ''; choose(FILTERS[0]) }
  byId('refilter').onclick = () => { refilter(); table.go(table.here) }
  byId('save').onclick = save
  byId('load').onclick = () => byId('file').click()
  byId('file').onchange = async () => { const [file] = byId('file').files; if (file) await load(file); byId('file').value = '' }
  byId('copy').onclick = async () => {
    try { await navigator.clipboard.writeText(byId('command').textContent); say('Command copied') }
    catch { getSelection().selectAllChildren(byId('command')); say('The command is selected: copy it with Ctrl+C') }
  }
  byId('view-pick').onclick = () => judge(view.job, 'picked')
  byId('view-reject').onclick = () => judge(view.job, 'rejected')
  byId('view-undo').onclick = () => judge(view.job)
  byId('view-note-edit').onclick = () => noteBox.open(view.job)
  if (letters && matchMedia('(hover: hover)').matches) byId('said').textContent = 'Arrows move, p picks, x rejects; ? shows all keys'
  refilter(false)
  const opened = DATA.open_row === undefined ? undefined : copiesOfRow.get(DATA.open_row)?.[0]
  if (opened) view.open(opened)
}
/** After a change of width: the clip that stood at the top stays there. */
function resized() {
  const roof = Math.max(0, byId('bar').getBoundingClientRect().bottom)
  const first = Math.max(0, Math.round((roof - table.el.getBoundingClientRect().top) / table.pitch)) * table.cols
  table.layout()
  if (first) scrollTo({ top: scrollY + table.el.getBoundingClientRect().top + Math.floor(first / table.cols) * table.pitch - roof - 14, behavior: 'instant' })
}
let frame, width = innerWidth
addEventListener('scroll', () => { frame ??= requestAnimationFrame(() => { frame = undefined; table.update() }) }, { passive: true })
addEventListener('resize', () => { if (innerWidth === width) table.update(); else { width = innerWidth; resized() } })
addEventListener('beforeunload', event => { if (picks.changedHere) event.preventDefault() })
start()
