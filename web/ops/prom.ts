// What /metrics says, and what two answers of it say about the time between.

/** Plain metrics by their names. */
export type Values = Map<string, number>;

/** Counts by upper bound in seconds, ascending, the last one +Inf; each with
 *  those of the bounds below it, as Prometheus has them. */
export interface Buckets {
  bounds: number[];
  counts: number[];
}

export interface Scrape {
  values: Values;
  histograms: Map<string, Buckets>;
}

const LINE = /^([a-z_]+)(?:\{([^}]*)\})? (\S+)$/;

/** Names lose their `moim_gateway_`; the series of a histogram, as those of
 *  each statement, are one. */
export function parse(text: string): Scrape {
  const values: Values = new Map();
  const byBound = new Map<string, Map<number, number>>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? [];
    const short = name.replace(/^moim_(gateway|presence)_/, '');
    const bound = /le="([^"]+)"/.exec(labels)?.[1];
    if (bound !== undefined && short.endsWith('_bucket')) {
      const family = short.slice(0, -'_bucket'.length);
      const counts = byBound.get(family) ?? new Map<number, number>();
      const le = bound === '+Inf' ? Infinity : Number(bound);
      counts.set(le, (counts.get(le) ?? 0) + Number(value));
      byBound.set(family, counts);
    } else if (name && !labels) {
      values.set(short, Number(value));
    }
  }
  const histograms = new Map<string, Buckets>();
  for (const [family, counts] of byBound) {
    const bounds = [...counts.keys()].sort((a, b) => a - b);
    histograms.set(family, { bounds, counts: bounds.map((b) => counts.get(b)!) });
  }
  return { values, histograms };
}

/** What was counted between the two; `then` may lack it. */
export function since(then: Buckets | undefined, now: Buckets): Buckets {
  return { bounds: now.bounds, counts: now.counts.map((n, i) => n - (then?.counts[i] ?? 0)) };
}

/** Of several processes: their counts add up, as their quantiles would not. */
export function sum(all: Buckets[]): Buckets | undefined {
  return all.reduce<Buckets | undefined>(
    (to, one) => (to ? { bounds: to.bounds, counts: to.counts.map((n, i) => n + (one.counts[i] ?? 0)) } : one),
    undefined,
  );
}

/** The time in seconds that the part `q` stays below, evenly spread within a
 *  bucket; undefined when nothing was counted, Infinity over the last bound. */
export function quantile(h: Buckets | undefined, q: number): number | undefined {
  const total = h?.counts[h.counts.length - 1] ?? 0;
  if (!h || total <= 0) return undefined;
  const rank = q * total;
  const i = h.counts.findIndex((n) => n >= rank);
  const upper = h.bounds[i] ?? Infinity;
  if (upper === Infinity) return Infinity;
  const lower = h.bounds[i - 1] ?? 0;
  const below = h.counts[i - 1] ?? 0;
  const inside = (h.counts[i] ?? 0) - below;
  return lower + (upper - lower) * (inside > 0 ? (rank - below) / inside : 1);
}
