// 3 of 4. The large view, and the small dialogs for notes and for the keys.

const view = {
  el: byId('view'), stage: byId('stage'), job: undefined, together: false, sound: false,

  open(job) {
    player.stop()
    if (!this.el.open) this.el.showModal()
    this.show(job)
    byId('view-title').focus()
  },
  /** Shows another clip; where it stands in the table, the table follows. */
  show(job) {
    const sameStage = this.together && this.job?.row === job.row && this.stage.childElementCount > 1
    this.job = job
    const at = table.list.indexOf(job)
    if (at >= 0) table.go(at, false)
    if (sameStage) this.mark(); else this.fill()
    this.paint()
    byId('view-side').scrollTop = 0
    byId('view-said').textContent = ''
  },
  move(step) {
    const at = table.list.indexOf(this.job) < 0 ? table.here : table.list.indexOf(this.job) + step
    if (at >= 0 && at < table.list.length) this.show(table.list[at])
    else say(step < 0 ? 'This is the first clip' : 'This is the last clip')
  },
  /** The first clip of the row before or after. */
  moveRow(step) {
    const list = table.list
    let at = table.here
    while (list[at] && list[at].row === this.job.row) at += step
    if (!list[at]) return say(step < 0 ? 'This is the first row' : 'This is the last row')
    while (step < 0 && list[at - 1]?.row === list[at].row) at--
    this.show(list[at])
  },

  empty() {
    for (const el of this.stage.querySelectorAll('video, audio')) { el.onerror = null; el.pause(); el.removeAttribute('src'); el.load() }
    this.stage.replaceChildren()
  },
  fill() {
    this.empty()
    const copies = copiesOfRow.get(this.job.row), together = this.together && copies.length > 1
    this.stage.classList.toggle('side-by-side', together)
    const shownJobs = together ? copies : [this.job]
    const cells = shownJobs.flatMap(job => job.outputs.length ? (together ? job.outputs.slice(0, 1) : job.outputs).map(output => this.cell(job, output, together)) : [this.cell(job)])
    this.stage.style.setProperty('--cell', cells.length > 1 ? '300px' : '100%')
    // Copies are compared in frames of one shape: that of the first whose size is known.
    const sized = together && copies.flatMap(job => job.outputs).find(output => output.width && output.height)
    this.stage.style.setProperty('--shape', sized ? `${Number(sized.width)} / ${Number(sized.height)}` : '16 / 9')
    this.stage.append(...cells)
    this.mark()
  },
  cell(job, output, together) {
    const figure = make('figure', { class: 'cell' }, make('span', { class: 'badge', 'aria-hidden': 'true' }))
    figure.job = job
    const label = `Row ${job.name}${output && job.outputs.length > 1 ? ', file ' + (job.outputs.indexOf(output) + 1) : ''}`
    const src = output && !output.missing ? address(output.file) : undefined
    const cannot = () => { item.remove(); figure.prepend(cannotShow(output)) }
    let item
    if (!output) item = withoutClip(job)
    else if (!src) item = output.missing ? nothing('gone', 'File is missing', output.file) : nothing('page', 'Not on this disk', output.place)
    else if (output.kind === 'video') {
      item = make('video', { controls: true, loop: true, playsInline: true, muted: !this.sound || together, preload: 'auto', poster: posterAddress(output.poster), 'aria-label': label, src })
      if (!still.matches) item.autoplay = true
    } else if (output.kind === 'image') item = make('img', { alt: `${label}: ${shown((job.prompt ?? '').slice(0, 300))}`, src })
    else if (output.kind === 'audio') item = make('audio', { controls: true, preload: 'metadata', 'aria-label': label, src })
    else item = nothing('page', 'No picture', output.file)
    item.onerror = cannot
    // A click on the player leaves the keys to the page; only who tabs into the player gets the player's own keys.
    if ('play' in item) item.addEventListener('click', () => { if (together) this.show(job); byId('view-title').focus() })
    else if (together) figure.addEventListener('click', () => this.show(job))
    figure.prepend(item)
    if (together) figure.append(make('figcaption', {}, make('b', {}, job.name), make('span', {}, shown(job.cost ?? 'price not known')), make('span', {}, clock(output?.seconds))))
    else if (job.outputs.length > 1) figure.append(make('figcaption', {}, shown(output.file?.split('/').pop() ?? output.place)))
    return figure
  },
  mark() {
    for (const figure of this.stage.children) {
      const { pick } = picks.of(figure.job)
      figure.dataset.v = pick ?? ''
      figure.classList.toggle('here', figure.job === this.job)
      figure.querySelector('.badge').replaceChildren(...(pick ? badge(pick) : []))
    }
  },

  /** Everything beside the stage. */
  paint() {
    const job = this.job, { pick, note } = picks.of(job), clip = hasClip(job)
    const at = table.list.indexOf(job)
    byId('view-title').textContent = `Row ${job.name}` + (job.id === undefined ? '' : `, ${shown(job.id)}`)
    byId('view-place').textContent = at < 0 ? 'outside the filter' : `${number(at + 1)} of ${number(table.list.length)}`
    byId('view-prev').disabled = at === 0; byId('view-next').disabled = at === table.list.length - 1
    byId('view-pick').setAttribute('aria-pressed', pick === 'picked')
    byId('view-reject').setAttribute('aria-pressed', pick === 'rejected')
    byId('view-pick').disabled = byId('view-reject').disabled = byId('view-note-edit').disabled = !clip
    byId('view-undo').disabled = !pick
    byId('view-prompt').textContent = job.prompt ? shown(job.prompt) : 'No prompt'
    byId('view-prompt').classList.toggle('soft', !job.prompt)
    byId('view-prompt').scrollTop = 0
    byId('view-prompt').tabIndex = byId('view-prompt').scrollHeight > byId('view-prompt').clientHeight + 1 ? 0 : -1   // keys scroll a long one
    byId('view-note').hidden = !note
    byId('view-note').textContent = note ? shown(note) : ''
    byId('view-note-edit').lastChild.textContent = note ? 'Change the note' : 'Write a note'
    this.paintCopies(); this.paintFields(); this.mark()
  },
  paintCopies() {
    const copies = copiesOfRow.get(this.job.row), el = byId('copies'), focused = el.contains(document.activeElement) ? document.activeElement.dataset.n : undefined
    el.hidden = copies.length < 2
    el.replaceChildren(...copies.map((job, n) => {
      const { pick } = picks.of(job)
      const button = make('button', { class: 'btn', type: 'button', 'data-n': n, 'aria-label': `${job.name}, copy ${job.copy}, ${hasClip(job) ? pick ?? 'undecided' : job.status}` }, job.name, pick ? icon(pick === 'picked' ? 'flag' : 'x') : hasClip(job) ? undefined : icon(STATES[job.status]?.[0] ?? 'off'))
      if (job === this.job) button.setAttribute('aria-current', 'true')
      button.onclick = () => this.show(job)
      return button
    }), make('button', { class: 'btn', type: 'button', 'data-n': 'all', 'aria-pressed': String(this.together), onclick: () => this.compare() }, 'Side by side'))
    if (focused !== undefined) el.querySelector(`[data-n="${focused}"]`)?.focus()
  },
  compare() {
    if (copiesOfRow.get(this.job.row).length < 2) return say('This row has one copy')
    this.together = !this.together
    this.fill(); this.paint()
  },
  paintFields() {
    const job = this.job, rows = []
    const add = (label, value, className) => { if (value !== undefined && value !== '') rows.push(make('dt', {}, label), make('dd', { class: className, dir: 'auto' }, value instanceof Node ? value : shown(value))) }
    const [glyph, colour] = STATES[job.status] ?? ['off', 'c-off']
    add('State', make('span', { class: colour }, icon(glyph), ' ', shown(job.status ?? 'not known')))
    add('Reason', job.reason)
    add('Model', job.model); add('Mode', job.mode); add('Account', job.account)
    add('Price', job.cost ?? 'not known')
    add('Finished', job.finished_at && dateText(job.finished_at))
    for (const output of job.outputs) {
      add('File', output.path ?? output.file ?? output.place, 'path')
      const facts = [output.width && output.height ? `${output.width} × ${output.height}` : '', clock(output.seconds), sizeText(output.bytes)]
      add('', facts.filter(Boolean).join(', ') || undefined, 'soft')
    }
    for (const [label, value] of job.fields ?? []) add(shown(label), String(value))
    add('Job', job.job, 'path')
    byId('view-fields').replaceChildren(...rows)
  },

  media() { return this.stage.querySelector('.here :is(video, audio)') },
  pause() {
    const main = this.media()
    if (!main) return
    const play = main.paused
    for (const el of this.stage.querySelectorAll('video')) if (el === main || this.together) play ? el.play().catch(() => { }) : el.pause()
    if (main.localName === 'audio') play ? main.play().catch(() => { }) : main.pause()
  },
  step(seconds) {
    const main = this.media()
    if (!main) return
    main.pause()
    main.currentTime = Math.min(main.duration || 0, Math.max(0, main.currentTime + seconds))
  },
  mute() {
    this.sound = !this.sound
    const main = this.media()
    if (main) main.muted = !this.sound
    say(this.sound ? 'Sound on' : 'Sound off')
  },
}
view.el.addEventListener('close', () => {
  view.empty()
  view.job = undefined
  if (!byId('grid').hidden) table.go(table.here)
})
byId('view-prev').onclick = () => view.move(-1)
byId('view-next').onclick = () => view.move(1)
byId('view-close').onclick = () => view.el.close()

const noteBox = {
  el: byId('note'), job: undefined,
  open(job) {
    if (!hasClip(job)) return say(`Row ${job.name} has no clip to write about`)
    this.job = job
    const { note } = picks.of(job)
    byId('note-title').textContent = `Note on row ${job.name}`
    byId('note-text').value = note ?? ''
    this.el.showModal()
    byId('note-text').focus()
  },
  keep() {
    const note = byId('note-text').value.replace(/\r\n?/g, '\n').trim()
    if (!picks.write(this.job, note)) return
    const more = note && !picks.of(this.job).pick ? '; it goes into the file once the clip is picked or rejected' : ''
    say(`Row ${this.job.name}: note ${note ? 'kept' : 'removed'}${more}`)
  },
}
byId('note-cancel').onclick = () => noteBox.el.close('leave')
byId('note-text').addEventListener('keydown', event => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); noteBox.el.close('keep') }
})
noteBox.el.addEventListener('close', () => {
  if (noteBox.el.returnValue === 'keep') noteBox.keep()
  noteBox.el.returnValue = ''
  if (!view.el.open) table.go(table.here)
})

const KEYS = [
  [['←', '→', '↑', '↓'], 'move; in the large view: clip by clip, row by row'], [['Enter', 'Space'], 'large view; Space plays and stops there'], [['Esc'], 'close'],
  [['p', '1'], 'pick'], [['x', '0'], 'reject'], [['u'], 'undo to undecided'], [['n'], 'write a note'],
  [['c'], 'copies side by side, in the large view'], [['m'], 'sound, in the large view'], [[',', '.'], 'a little back or on, in the large view'],
  [['/'], 'search'], [['s'], 'save picks'], [['Home', 'End'], 'first and last clip'], [['?'], 'these keys'],
]
byId('keylist').append(...KEYS.flatMap(([keys, text]) => [make('dt', {}, ...keys.map(key => make('kbd', {}, key))), make('dd', {}, text)]))
byId('open-keys').onclick = () => byId('keys').showModal()
