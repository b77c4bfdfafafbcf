// A small line chart: what was, up to five minutes, and what is, in words.
import type { Point } from './nodes';

export interface Line {
  label: string;
  points: Point[];
}

interface Props {
  title: string;
  lines: Line[];
  times: number[];
  say: (n: number | undefined) => string;
  now: string; // what stands under its right end
}

const WIDE = 300;
const HIGH = 80;
const SPAN_MS = { least: 60_000, most: 300_000 };

/** How far back it reaches: as far as is known, within bounds. */
function reach(times: number[]): number {
  const known = (times[times.length - 1] ?? 0) - (times[0] ?? 0);
  return Math.min(SPAN_MS.most, Math.max(SPAN_MS.least, known));
}

/** The next of 1, 2, 5, 10, … */
function roof(n: number): number {
  const ten = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].map((k) => k * ten).find((k) => k >= n) ?? n;
}

/** An SVG path; where nothing is known it has a hole. */
function path(points: Point[], times: number[], top: number): string {
  const end = times[times.length - 1] ?? 0;
  const wide = reach(times);
  let pen = 'M';
  let out = '';
  points.forEach((value, i) => {
    if (value === undefined) {
      pen = 'M';
      return;
    }
    const x = WIDE - ((end - (times[i] ?? end)) / wide) * WIDE;
    const y = HIGH - (Math.min(value, top) / top) * HIGH;
    out += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return out;
}

export function Chart({ title, lines, times, say, now }: Props) {
  const seconds = Math.round(reach(times) / 1000);
  const all = lines.flatMap((l) => l.points).filter((n): n is number => n !== undefined && n !== Infinity);
  const most = Math.max(0, ...all);
  const top = most > 0 ? roof(most) : 1;
  const values = lines.map((l) => `${l.label} ${say(l.points[l.points.length - 1])}`).join(', ');
  return (
    <figure class="card chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend">
          {lines.map((l, i) => (
            <li key={l.label} class={`c${i % 6}`}>
              {l.label} <b>{say(l.points[l.points.length - 1])}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot">
        <span class="top">{most > 0 ? say(top) : ''}</span>
        <svg viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${values}`}>
          <path class="grid" d={`M0 0.5H${WIDE}M0 ${HIGH / 2}H${WIDE}M0 ${HIGH - 0.5}H${WIDE}`} />
          {lines.map((l, i) => (
            <path key={l.label} class={`line c${i % 6}`} d={path(l.points, times, top)} />
          ))}
        </svg>
        <div class="ends">
          <span>{`−${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}</span>
          <span>{now}</span>
        </div>
      </div>
    </figure>
  );
}
