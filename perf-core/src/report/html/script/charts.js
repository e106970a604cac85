// A chart: a figure with a heading, a legend of buttons that show the values at the cursor, and an SVG that is drawn once
// it comes into sight. Colours are CSS variables, so that a change of theme, or paper, needs no drawing.
'use strict';

/** Of an axis' text, in pixels. */
const HALF_LETTER = 3.4;
const MARGIN = { left: 58, right: 10, top: 12, bottom: 24 };
/** So few dots are drawn larger. */
const FEW = 60;
const BY_ID = new Map();
/** What charts are drawn at while the page is printed, so that their text stays legible there. */
const PAPER_WIDTH = 470;
let paperWidth = null;

const whenSeen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) target.chart.see();
    }
  },
  { rootMargin: '300px' },
);
const whenResized = new ResizeObserver((entries) => entries.forEach(({ target }) => target.chart.fit()));

class Chart {
  /**
   * `spec`: `title`, `note`, `height`; `x` with `ticks(domain, about)`, `format`, `name`, `isLog`; `y` with `format`, `name`,
   * `isLog`, `canBeLog`; `series` of `name`, `colour`, `x`, `y`, `shape`, `ends`, `isOff`, `dash`; `limits`, `marks`; `summary`.
   */
  constructor(view, spec) {
    this.view = view;
    this.spec = spec;
    this.isSeen = false;
    this.isLog = Boolean(spec.y.isLog);
    this.series = spec.series.map((series) => ({ shape: 'line', ...series, isOn: !series.isOff }));
    this.id = freshId('chart');
    BY_ID.set(this.id, this);
    this.element = this.figure();
    this.plot.chart = this;
    whenSeen.observe(this.plot);
    whenResized.observe(this.plot);
    view
      .on('shown', () => this.draw())
      .on('cursor', () => this.drawCursor())
      .on('selection', () => this.drawSelection());
  }

  figure() {
    const { title, note, height = 168 } = this.spec;
    this.svg = svg('svg', {
      class: 'canvas',
      tabindex: '0',
      role: 'img',
      'aria-label': `${title}. Arrow keys move the cursor, plus and minus zoom, Escape resets.`,
      'aria-describedby': `${this.id}-text`,
      height,
    });
    this.plot = el('div', { class: 'plot', style: `--height:${height}px` }, this.svg);
    this.text = el('p', { class: 'sr', id: `${this.id}-text` }, this.summary());
    listenToPointer(this);
    listenToKeys(this);
    return el(
      'figure',
      { class: 'chart', id: this.id },
      el('figcaption', {}, el('h4', {}, title), note && el('span', { class: 'note' }, note), this.axisButton()),
      this.legend(),
      this.plot,
      this.text,
    );
  }

  axisButton() {
    if (!this.spec.y.canBeLog) return null;
    const label = (button) => (button.textContent = this.isLog ? 'log axis' : 'linear axis');
    const button = el('button', {
      type: 'button',
      class: 'small',
      title: 'Switch between a linear and a logarithmic axis',
      onclick: () => {
        this.isLog = !this.isLog;
        label(button);
        this.draw();
      },
    });
    label(button);
    return button;
  }

  legend() {
    const group = el('div', { class: 'legend', role: 'group', 'aria-label': `Series of ${this.spec.title}` });
    for (const series of this.series) group.append(this.key(series));
    return group;
  }

  key(series) {
    series.value = el('span', { class: 'value' });
    const swatch = el('span', {
      class: `swatch ${series.shape}${series.dash ? ' dashed' : ''}`,
      'aria-hidden': 'true',
    });
    series.button = el(
      'button',
      {
        type: 'button',
        class: 'key',
        style: `--c:var(--${series.colour})`,
        'aria-pressed': String(series.isOn),
        title: series.title,
        onclick: () => this.toggle(series),
      },
      swatch,
      series.name,
      series.value,
    );
    return series.button;
  }

  toggle(series) {
    series.isOn = !series.isOn;
    series.button.setAttribute('aria-pressed', String(series.isOn));
    this.draw();
  }

  /** The values of each series changed, in their order: a run goes on. */
  update(values) {
    values.forEach((value, n) => this.series[n] && Object.assign(this.series[n], value));
    this.text.textContent = this.summary();
    this.draw();
  }

  summary() {
    if (this.spec.summary) return this.spec.summary;
    const of = ({ name, y }) => {
      const [low, high] = extent(y);
      return isNumber(low)
        ? `${name}: ${this.spec.y.format(low)} to ${this.spec.y.format(high)}`
        : `${name}: no values`;
    };
    return `${this.spec.title}. ${this.series
      .filter(({ shape }) => shape !== 'band')
      .map(of)
      .join('; ')}.`;
  }

  see() {
    this.isSeen = true;
    whenSeen.unobserve(this.plot);
    this.draw();
  }

  fit() {
    if (this.isSeen && this.plot.clientWidth !== this.width) this.draw();
  }

  get shown() {
    return this.series.filter(({ isOn }) => isOn);
  }

  draw() {
    const width = paperWidth ?? this.plot.clientWidth;
    if (!this.isSeen || !width) return;
    this.width = width;
    this.height = this.spec.height ?? 168;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${this.height}`);
    this.setScales();
    const clip = `${this.id}-clip`;
    const { left, right, top, bottom } = this.box;
    this.over = svg('g', { class: 'over', 'aria-hidden': 'true' });
    this.svg.replaceChildren(
      svg(
        'clipPath',
        { id: clip },
        svg('rect', { x: left, y: top - 4, width: Math.max(0, right - left), height: bottom - top + 4 }),
      ),
      ...this.axes(),
      svg('g', { 'clip-path': `url(#${clip})` }, drawMarks(this), this.paths(), drawLimits(this)),
      ...drawFlags(this),
      this.over,
    );
    this.drawSelection();
    this.drawCursor();
  }

  get box() {
    return {
      left: MARGIN.left,
      right: this.width - MARGIN.right,
      top: MARGIN.top,
      bottom: this.height - MARGIN.bottom,
    };
  }

  setScales() {
    const { left, right, top, bottom } = this.box;
    stack(this.shown);
    this.yDomain = domainOf(this);
    this.x = (this.spec.x.isLog ? logScale : linearScale)(this.view.shown, [left, right]);
    this.y = (this.isLog ? logScale : linearScale)(this.yDomain, [bottom, top]);
  }

  axes() {
    const { left, right, top, bottom } = this.box;
    const { x, y } = this.spec;
    const format = y.tick ?? y.format;
    const rows = (this.isLog ? logTicks : linearTicks)(this.yDomain, 4).filter(
      (tick) => !y.isWhole || Number.isInteger(tick),
    );
    const columns = x.ticks(this.view.shown, Math.max(2, (right - left) / 90));
    const grid = svg('g', { class: 'grid', 'aria-hidden': 'true' });
    for (const tick of rows) {
      const at = px(this.y.of(tick));
      grid.append(
        svg('path', { d: `M${left} ${at}H${right}` }),
        svg('text', { x: left - 6, y: at + 4, class: 'end' }, format(tick)),
      );
    }
    let free = Infinity;
    const [low, high] = this.view.shown;
    for (const tick of columns.filter((tick) => tick >= low && tick <= high).reverse()) {
      const at = px(this.x.of(tick));
      const text = x.format(tick);
      const half = HALF_LETTER * text.length;
      const anchor = at > right - half ? 'end' : at < left + 8 ? 'start' : 'middle';
      const [begins, ends] = { end: [2 * half, 0], start: [0, 2 * half], middle: [half, half] }[anchor];
      const isFree = at + ends + 6 < free;
      if (isFree) free = at - begins;
      grid.append(
        svg('path', { d: `M${at} ${bottom}V${top}`, class: 'faint' }),
        isFree ? svg('text', { x: at, y: bottom + 16, class: anchor }, text) : '',
      );
    }
    return [grid, svg('path', { class: 'axis', d: `M${left} ${bottom}H${right}` })];
  }

  paths() {
    const { bottom } = this.box;
    return this.shown.map((series) => {
      const { path, isFilled } = SHAPES[series.shape];
      const d = path(series, this.x.of, this.y.of, bottom);
      return (
        d &&
        svg('path', {
          class: `${isFilled ? 'filled' : 'drawn'} ${series.shape}${series.dash ? ' dashed' : ''}${series.x.length < FEW ? ' few' : ''}`,
          style: `--c:var(--${series.colour})`,
          d,
        })
      );
    });
  }

  drawCursor() {
    if (!this.over) return;
    const { cursor } = this.view;
    this.over.replaceChildren(...(this.rectangle ? [this.rectangle] : []));
    for (const series of this.series) series.value.textContent = this.valueAt(series, cursor);
    this.drawSpots();
    if (cursor === null || cursor < this.view.shown[0] || cursor > this.view.shown[1]) return;
    const { top, bottom, right, left } = this.box;
    const at = px(this.x.of(cursor));
    const label = this.spec.x.cursor ? this.spec.x.cursor(cursor) : this.spec.x.format(cursor);
    this.over.append(svg('path', { class: 'cursor', d: `M${at} ${top}V${bottom}` }));
    for (const series of this.shown) this.dot(series, cursor);
    const side = at > (left + right) / 2 ? 'end' : 'start';
    this.over.append(svg('text', { class: `moment ${side}`, x: at + (side === 'end' ? -5 : 5), y: top + 12 }, label));
  }

  dot(series, cursor) {
    const n = this.placeAt(series, cursor);
    if (n === null || series.shape === 'bars' || series.shape === 'band' || !isNumber(series.y[n])) return;
    const [cx, cy] = [px(this.x.of(series.ends ? cursor : series.x[n])), px(this.y.of(series.y[n]))];
    this.over.append(svg('circle', { class: 'dot', style: `--c:var(--${series.colour})`, cx, cy, r: 3.5 }));
  }

  /** Rings around single values that another chart points at. */
  drawSpots() {
    for (const { x, y } of list(this.spots)) {
      if (isNumber(x) && isNumber(y))
        this.over.append(svg('circle', { class: 'spot', cx: px(this.x.of(x)), cy: px(this.y.of(y)), r: 6 }));
    }
  }

  /** Of the value that a cursor is at, where there is one near. */
  placeAt({ x, ends, reach }, cursor) {
    if (cursor === null || !x.length) return null;
    if (ends) {
      const n = nearest(x, cursor);
      const place = x[n] > cursor && n > 0 ? n - 1 : n;
      return cursor >= x[place] && cursor <= ends[place] ? place : null;
    }
    const n = nearest(x, cursor);
    return reach !== undefined && Math.abs(x[n] - cursor) > reach ? null : n;
  }

  valueAt(series, cursor) {
    const n = this.placeAt(series, cursor);
    if (n === null) return '';
    return isNumber(series.y[n]) ? (series.format ?? this.spec.y.format)(series.y[n]) : NONE;
  }

  drawSelection() {
    if (!this.over) return;
    this.rectangle?.remove();
    this.rectangle = null;
    const { selection } = this.view;
    if (!selection) return;
    const { top, bottom } = this.box;
    const [a, b] = selection.map(this.x.of);
    this.rectangle = svg('rect', {
      class: 'selection',
      x: Math.min(a, b),
      width: Math.abs(b - a),
      y: top,
      height: bottom - top,
    });
    this.over.prepend(this.rectangle);
  }
}
