// The stretch that charts show together, and the one cursor they share. Draws nothing.
'use strict';

class View {
  /** `whole` is [from, to]; `stops` are the places that arrow keys go through. */
  constructor(whole, stops = []) {
    this.whole = whole;
    this.shown = whole;
    this.stops = stops;
    this.cursor = null;
    this.selection = null;
    this.listeners = { shown: [], cursor: [], selection: [] };
  }

  on(what, listener) {
    this.listeners[what].push(listener);
    return this;
  }

  tell(what) {
    for (const listener of this.listeners[what]) listener(this);
  }

  get isZoomed() {
    return this.shown[0] !== this.whole[0] || this.shown[1] !== this.whole[1];
  }

  show([from, to]) {
    const [low, high] = [Math.max(Math.min(from, to), this.whole[0]), Math.min(Math.max(from, to), this.whole[1])];
    if (!(high > low)) return;
    this.shown = [low, high];
    this.tell('shown');
  }

  reset() {
    this.shown = this.whole;
    this.selection = null;
    this.tell('selection');
    this.tell('shown');
  }

  /** The whole became another one: a run goes on. What is zoomed stays. */
  extend(whole, stops) {
    const follows = !this.isZoomed;
    this.whole = whole;
    this.stops = stops;
    if (follows) this.shown = whole;
    this.tell('shown');
  }

  point(at) {
    this.cursor = at;
    this.tell('cursor');
  }

  select(selection) {
    this.selection = selection;
    this.tell('selection');
  }

  /** Where so many stops further is. */
  step(by) {
    const { stops, shown } = this;
    if (!stops.length) return;
    const inside = stops.filter((stop) => stop >= shown[0] && stop <= shown[1]);
    const all = inside.length ? inside : stops;
    if (this.cursor === null) return this.point(by > 0 ? all[0] : all[all.length - 1]);
    const now = nearest(all, this.cursor);
    this.point(all[Math.max(0, Math.min(all.length - 1, now + by))]);
  }

  /** By a factor, around the cursor or the middle. */
  zoom(factor) {
    const [from, to] = this.shown;
    const isInside = this.cursor !== null && this.cursor >= from && this.cursor <= to;
    const centre = isInside ? this.cursor : (from + to) / 2;
    this.show([centre - (centre - from) / factor, centre + (to - centre) / factor]);
  }

  /** Puts the cursor at a moment, with its surroundings in sight. */
  goTo(at) {
    const [from, to] = this.whole;
    const around = Math.max((to - from) / 12, Math.min(5, (to - from) / 4));
    this.show([at - around, at + around]);
    // Of two stops that are equally near, the one whose stretch begins there.
    this.point(this.stops.length ? this.stops[nearest(this.stops, at + (to - from) * 1e-9)] : at);
  }
}

/** The place of what is nearest, in a list in order. */
function nearest(values, value) {
  let [low, high] = [0, values.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] <= value) low = middle;
    else high = middle;
  }
  return low < high && Math.abs(values[high] - value) < Math.abs(values[low] - value) ? high : low;
}
