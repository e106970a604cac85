// What a pointer or a key does to a chart: moves the cursor, zooms, resets. All goes through the chart's view.
'use strict';

/** A movement of fewer pixels is a click. */
const LEAST_DRAG = 6;

function listenToPointer(chart) {
  const { svg: canvas, view } = chart;
  let began = null;
  const valueAt = (event) => {
    const [low, high] = view.shown;
    return Math.max(low, Math.min(high, chart.x.back(event.clientX - canvas.getBoundingClientRect().left)));
  };
  canvas.addEventListener('pointermove', (event) => {
    if (!chart.x) return;
    view.point(valueAt(event));
    if (began && Math.abs(event.clientX - began.pixel) >= LEAST_DRAG) view.select([began.value, valueAt(event)]);
  });
  canvas.addEventListener('pointerdown', (event) => {
    if (!chart.x || event.button !== 0) return;
    began = { pixel: event.clientX, value: valueAt(event) };
    view.point(began.value);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointerup', () => {
    const { selection } = view;
    began = null;
    view.select(null);
    if (selection) view.show(selection);
  });
  canvas.addEventListener('pointercancel', () => {
    began = null;
    view.select(null);
  });
  canvas.addEventListener('pointerleave', () => {
    if (!began) view.point(null);
  });
  canvas.addEventListener('dblclick', () => view.reset());
}

function listenToKeys(chart) {
  const { svg: canvas, view } = chart;
  const actions = {
    ArrowLeft: (event) => view.step(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => view.step(event.shiftKey ? 10 : 1),
    Home: () => {
      view.point(null);
      view.step(1);
    },
    End: () => {
      view.point(null);
      view.step(-1);
    },
    '+': () => view.zoom(2),
    '=': () => view.zoom(2),
    '-': () => view.zoom(0.5),
    Escape: () => {
      view.point(null);
      view.reset();
    },
  };
  canvas.addEventListener('keydown', (event) => {
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action(event);
    say(spoken(chart));
  });
}

/** What a chart shows at its cursor. */
function spoken(chart) {
  const { cursor } = chart.view;
  if (cursor === null) return `${chart.spec.title}: all of it`;
  const label = (chart.spec.x.cursor ?? chart.spec.x.format)(cursor);
  const values = chart.shown
    .map((series) => [series.name, chart.valueAt(series, cursor)])
    .filter(([, value]) => value);
  return `${label}: ${values.map(([name, value]) => `${name} ${value}`).join(', ')}`;
}
