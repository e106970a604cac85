// What is drawn around the series of a chart: limits, marked moments and stretches with their numbers.
'use strict';

/** Stretches as shades, moments as lines; behind the series. */
function drawMarks(chart) {
  const { top, bottom } = chart.box;
  return list(chart.spec.marks).map(({ from, to, kind }) => {
    const [a, b] = [chart.x.of(from), chart.x.of(to ?? from)];
    if (b - a < 2) return svg('path', { class: `mark ${kind}`, d: `M${px(a)} ${top - 4}V${bottom}` });
    return svg('rect', { class: `mark ${kind}`, x: px(a), width: px(b - a), y: top - 4, height: bottom - top + 4 });
  });
}

/** The numbers of findings, above the plot. */
function drawFlags(chart) {
  const [low, high] = chart.view.shown;
  const { top } = chart.box;
  const flags = list(chart.spec.marks).filter(({ flag, from }) => flag && from >= low && from <= high);
  let free = -Infinity;
  const flagged = ({ from, flag, label, kind }) => {
    // One beside the other where they are of the same moment.
    const at = px(Math.max(chart.x.of(from), free));
    free = at + 15;
    const circle = svg('circle', { cx: at, cy: top - 3, r: 8 });
    return svg(
      'g',
      { class: `flag ${kind}` },
      svg('title', {}, label),
      circle,
      svg('text', { x: at, y: top + 1 }, flag),
    );
  };
  return flags.sort((a, b) => a.from - b.from).map(flagged);
}

/** Where a limit lies, as far as it is in sight. */
function drawLimits(chart) {
  const { left, right } = chart.box;
  const inSight = list(chart.spec.limits).filter(({ y }) => y >= chart.yDomain[0] && y <= chart.yDomain[1]);
  return inSight.map(({ y, label, isHeld }) => {
    const at = px(chart.y.of(y));
    return svg(
      'g',
      { class: isHeld ? 'limit' : 'limit broken' },
      svg('path', { d: `M${left} ${at}H${right}` }),
      svg('text', { x: right - 4, y: at - 4, class: 'end' }, label),
    );
  });
}
