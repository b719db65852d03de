// 2 of 4. The light table. Only rows of tiles near the eye exist; only what is close to it holds a picture, and
// none of them holds a <video>: a clip without a poster lends one frame to a canvas and is let go again.

const GAP = () => innerWidth <= 720 ? 8 : 12
const still = matchMedia('(prefers-reduced-motion: reduce)')

const table = {
  el: byId('grid'), list: [], here: 0, size: 225, cols: 1, pitch: 300, rows: new Map(), playsOnPoint: true,

  /** Shows these jobs, with `job` (or the first) as the current one. */
  show(list, job) {
    this.list = list
    this.here = Math.max(0, job ? list.indexOf(job) : 0)
    this.layout()
  },
  job() { return this.list[this.here] },

  layout() {
    const focused = this.el.contains(document.activeElement)
    this.clear()
    this.el.hidden = !this.list.length
    if (!this.list.length) return
    const gap = GAP(), width = this.el.clientWidth
    const size = Math.min(this.size, Math.max(140, (width - gap) / 2))
    this.cols = Math.max(1, Math.floor((width + gap) / (size + gap)))
    this.el.style.setProperty('--cols', this.cols)
    this.el.setAttribute('aria-rowcount', Math.ceil(this.list.length / this.cols))
    this.el.setAttribute('aria-colcount', this.cols)
    this.pitch = this.put(0).offsetHeight + gap   // all rows are equally high: lines are clamped, frames are 16 to 9
    this.el.style.height = Math.ceil(this.list.length / this.cols) * this.pitch - gap + 'px'
    this.update()
    if (focused) this.tile(this.here)?.focus({ preventScroll: true })
  },
  clear() {
    for (const row of this.rows.values()) this.drop(row)
    this.rows.clear()
  },
  drop(row) {
    for (const tile of row.children) { media.unload(tile); near.unobserve(tile) }
    row.remove()
  },

  /** Makes the rows that are near the eye, and the one with the current tile; drops the others. */
  update() {
    if (!this.list.length) return
    const top = -this.el.getBoundingClientRect().top, last = Math.ceil(this.list.length / this.cols) - 1
    const from = Math.max(0, Math.floor((top - innerHeight * 0.8) / this.pitch))
    const to = Math.min(last, Math.ceil((top + innerHeight * 1.8) / this.pitch))
    const current = Math.floor(this.here / this.cols)
    for (const [n, row] of this.rows) if ((n < from || n > to) && n !== current) { this.drop(row); this.rows.delete(n) }
    for (let n = from; n <= to; n++) if (!this.rows.has(n)) this.put(n)
    if (!this.rows.has(current)) this.put(current)
  },
  put(n) {
    const row = make('div', { role: 'row', 'aria-rowindex': n + 1 })
    row.style.transform = `translateY(${n * this.pitch}px)`
    for (let at = n * this.cols; at < Math.min(this.list.length, (n + 1) * this.cols); at++) row.append(this.makeTile(at))
    // Rows stand in the document in their order, for those who read it instead of seeing it.
    const after = [...this.rows].filter(([other]) => other > n).sort((a, b) => a[0] - b[0])[0]
    this.el.insertBefore(row, after?.[1] ?? null)
    this.rows.set(n, row)
    for (const tile of row.children) near.observe(tile)
    return row
  },
  tile(at) { return this.rows.get(Math.floor(at / this.cols))?.children[at % this.cols] },

  makeTile(at) {
    const job = this.list[at], clip = hasClip(job), next = this.list[at + 1]
    const kin = next && next.row === job.row && (at + 1) % this.cols
    const button = (deed, glyph) => make('button', { class: 'tiny ' + deed, type: 'button', tabIndex: -1, 'data-do': deed }, icon(glyph))
    const tile = make('div', { class: 'tile' + (kin ? ' kin' : '') + (clip ? '' : ' without'), role: 'gridcell', 'aria-colindex': at % this.cols + 1, tabIndex: at === this.here ? 0 : -1 },
      make('div', { class: 'frame' }, make('span', { class: 'badge', 'aria-hidden': 'true' }), make('span', { class: 'dur' }, clip ? duration(job) : '')),
      make('div', { class: 'cap' },
        make('div', { class: 'line' }, make('b', {}, job.name), make('span', { class: 'own' }, job.id === undefined ? '' : shown(job.id)), make('span', { title: job.cost === undefined && clip ? 'price not known' : undefined }, shown(job.cost ?? (clip ? '?' : '')))),
        make('p', { class: 'words' + (job.prompt ? '' : ' nil'), dir: 'auto' }, job.prompt ? shown(job.prompt.slice(0, 400)) : 'no prompt'),
        make('div', { class: 'line low' }, make('span', { class: 'own' }, shown(job.model ?? '')),
          clip ? button('note', 'note') : undefined, clip ? button('reject', 'x') : undefined, clip ? button('pick', 'flag') : undefined)))
    tile.job = job
    if (!clip) tile.firstChild.append(withoutClip(job))
    this.paint(tile)
    return tile
  },
  /** The verdict and the note, as they now are. */
  paint(tile) {
    const job = tile.job, { pick, note } = picks.of(job)
    tile.dataset.v = pick ?? ''
    tile.querySelector('.badge').replaceChildren(...(pick ? badge(pick) : []))
    tile.setAttribute('aria-label', spoken(job))
    for (const [deed, pressed, label] of [['pick', pick === 'picked', 'Pick'], ['reject', pick === 'rejected', 'Reject'], ['note', undefined, note ? 'Change the note on' : 'Write a note on']]) {
      const button = tile.querySelector('.tiny.' + deed)
      if (!button) continue
      if (pressed !== undefined) button.setAttribute('aria-pressed', pressed)
      button.setAttribute('aria-label', `${label} row ${job.name}`)
      button.title = deed === 'note' ? (note ? shown(note) : 'Note (n)') : deed === 'pick' ? 'Pick (p)' : 'Reject (x)'
      button.classList.toggle('has', deed === 'note' && !!note)
    }
  },
  repaint(jobs) {
    const changed = new Set(jobs)
    for (const row of this.rows.values()) for (const tile of row.children) if (changed.has(tile.job)) this.paint(tile)
  },

  /** Makes the tile at `at` the current one, in sight between the bars, and gives it the focus. */
  go(at, focus = true) {
    if (!this.list.length) return
    const before = this.tile(this.here)
    if (before) before.tabIndex = -1
    this.here = Math.min(this.list.length - 1, Math.max(0, at))
    const top = this.el.getBoundingClientRect().top + Math.floor(this.here / this.cols) * this.pitch
    const roof = Math.max(0, byId('bar').getBoundingClientRect().bottom) + 12, floor = byId('foot').getBoundingClientRect().top - 12
    if (top < roof) scrollBy({ top: top - roof, behavior: 'instant' })
    else if (top + this.pitch > floor) scrollBy({ top: Math.min(top + this.pitch - floor, top - roof), behavior: 'instant' })
    this.update()
    const tile = this.tile(this.here)
    tile.tabIndex = 0
    if (focus) tile.focus({ preventScroll: true })
  },
}

const badge = pick => [icon(pick === 'picked' ? 'flag' : 'x'), pick === 'picked' ? 'Pick' : 'Reject']
const duration = job => job.outputs.length > 1 ? many(job.outputs.length, 'file') : clock(job.outputs[0]?.seconds)
function spoken(job) {
  const { pick, note } = picks.of(job)
  const parts = [`Row ${job.name}`, job.id === undefined ? '' : shown(job.id), hasClip(job) ? pick ?? 'undecided' : `${job.status}, no clip`, note ? 'has a note' : '']
  return parts.filter(Boolean).join(', ') + '. ' + shown((job.prompt ?? '').slice(0, 200))
}
function withoutClip(job) {
  const [glyph, colour] = STATES[job.status] ?? ['off', 'c-off']
  return make('div', { class: 'none' }, make('b', { class: colour }, icon(glyph), shown(job.status ?? 'unknown')), job.reason ? make('span', {}, shown(job.reason)) : undefined)
}
const nothing = (glyph, title, text) => make('div', { class: 'none' }, make('b', {}, icon(glyph), title), text ? make('span', {}, shown(text)) : undefined)
const cannotShow = output => nothing('gone', 'Cannot be shown', `Missing, or in a format that this browser does not know: ${output.file ?? output.poster}`)

// Pictures of tiles.
const media = {
  waiting: [], busy: 0,

  load(tile) {
    if (tile.loaded || !hasClip(tile.job)) return
    tile.loaded = true
    const output = tile.job.outputs[0], frame = tile.firstChild
    const poster = posterAddress(output.poster)
    const cannot = () => { if (tile.loaded) frame.append(cannotShow(output)) }
    if (output.missing) frame.append(nothing('gone', 'File is missing', output.file))
    else if (poster) this.image(frame, poster, () => output.kind === 'video' ? this.ask(tile) : cannot())
    else if (!address(output.file)) frame.append(nothing('page', 'Not on this disk', output.place))
    else if (output.kind === 'image') this.image(frame, address(output.file), cannot)
    else if (output.kind === 'video') this.ask(tile)
    else frame.append(nothing(output.kind === 'audio' ? 'sound' : 'page', output.kind === 'audio' ? 'Sound' : 'File', output.file?.split('/').pop()))
  },
  image(frame, src, failed) {
    const img = make('img', { alt: '', decoding: 'async', src })
    img.onerror = () => { img.remove(); failed() }
    frame.prepend(img)
  },
  unload(tile) {
    if (!tile.loaded) return
    tile.loaded = false
    this.waiting = this.waiting.filter(other => other !== tile)
    tile.quit?.()
    if (player.tile === tile) player.stop()
    for (const el of tile.firstChild.querySelectorAll('img, canvas, video, .none')) { if (el.localName === 'video') letGo(el); el.remove() }
  },
  ask(tile) { if (address(tile.job.outputs[0].file)) { this.waiting.push(tile); this.work() } },
  work() { while (this.busy < 4 && this.waiting.length) this.frame(this.waiting.shift()) },

  /** One frame of the clip, drawn into a canvas; at most four clips are open at a time. */
  frame(tile) {
    const output = tile.job.outputs[0], frame = tile.firstChild
    const video = make('video', { muted: true, playsInline: true, preload: 'metadata' })
    let over = false
    const end = () => {
      if (over) return
      over = true; this.busy--; clearTimeout(timer); tile.quit = undefined
      queueMicrotask(() => this.work())
    }
    const done = () => { end(); letGo(video) }
    // Browsers that load nothing outside the page (iOS) show the clip's own first frame.
    const timer = setTimeout(() => { end(); if (tile.loaded) frame.prepend(video) }, 6000)
    this.busy++
    tile.quit = done
    video.onloadedmetadata = () => {
      if (over) return
      if (output.seconds === undefined && Number.isFinite(video.duration)) { output.seconds = video.duration; tile.querySelector('.dur').textContent = duration(tile.job) }
      video.currentTime = Math.min(0.5, (video.duration || 1) / 2)
    }
    video.onseeked = () => {
      if (over) return
      const width = Math.min(480, video.videoWidth) || 1
      const canvas = make('canvas', { width, height: Math.max(1, Math.round(width * video.videoHeight / (video.videoWidth || 1))) })
      canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height)
      frame.prepend(canvas)
      done()
    }
    video.onerror = () => { if (over) return; done(); if (tile.loaded) frame.append(cannotShow(output)) }
    video.src = address(output.file)
  },
}
function letGo(video) {
  video.onerror = video.onseeked = video.onloadedmetadata = null
  video.pause(); video.removeAttribute('src'); video.load()
}
const near = new IntersectionObserver(entries => {
  for (const { target, isIntersecting } of entries) isIntersecting ? media.load(target) : media.unload(target)
}, { rootMargin: '250px 0px' })

// One player for the whole table: it plays, muted, the clip that is pointed at or has the focus.
const player = {
  tile: undefined, timer: 0, video: undefined,
  soon(tile) {
    if (this.tile === tile) return
    this.stop()
    const output = tile.job.outputs[0]
    if (!table.playsOnPoint || still.matches || output?.kind !== 'video' || output.missing || !address(output.file)) return
    this.tile = tile
    this.timer = setTimeout(() => {
      const video = this.video = make('video', { muted: true, loop: true, playsInline: true, tabIndex: -1, 'aria-hidden': 'true' })
      // Shown only once it has a picture, so that the poster stays until then.
      video.onplaying = () => { if (this.video === video) tile.querySelector('.badge').before(video) }
      video.src = address(output.file)
      video.play().catch(() => { })
    }, 250)
  },
  stop() {
    clearTimeout(this.timer)
    if (this.video) { this.video.onplaying = null; letGo(this.video); this.video.remove() }
    this.tile = this.video = undefined
  },
}
