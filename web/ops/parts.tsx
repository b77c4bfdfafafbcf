// What the page shows again and again: a state, a figure, a table, a button.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Check, State } from './nodes';
import { t } from './words';

export function Badge({ state }: { state: State }) {
  return <span class={`badge ${state}`}>{t(state)}</span>;
}

/** What is not well by name, the rest by number. A drain has a badge. */
export function Checks({ checks }: { checks: Check[] }) {
  const all = checks.filter((c) => c.name !== 'drain');
  const bad = all.filter((c) => !c.ok);
  const well = all.length - bad.length;
  return (
    <ul class="checks">
      {bad.map((c) => (
        <li key={c.name} class="bad" title={c.detail}>
          {c.name}
        </li>
      ))}
      {all.length > 0 && (
        <li class={well ? 'ok' : ''} title={all.map((c) => `${c.name}: ${c.detail}`).join('\n')}>
          {well}/{all.length}
        </li>
      )}
    </ul>
  );
}

export function Figure({ children }: { children: string }) {
  return <span class="figure">{children}</span>;
}

export function Tile({ label, value }: { label: string; value: string }) {
  return (
    <div class="card tile">
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** On a narrow screen a row becomes a card, its heads beside its values. */
export function Table({ heads, rows }: { heads: string[]; rows: { key: string; cells: ComponentChildren[] }[] }) {
  return (
    <table class="card">
      <thead>
        <tr>
          {heads.map((h) => (
            <th key={h} scope="col">
              {h}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key}>
            {cells.map((cell, i) => (
              <td key={heads[i]} data-head={heads[i]}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface TwiceProps {
  word: 'drain' | 'kill';
  name: string;
  off?: boolean; // it keeps its place, or the next press would hit another
  onSure: () => void;
}

/** Does it when it is pressed twice within four seconds. */
export function Twice({ word, name, off, onSure }: TwiceProps) {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), 4000);
    return () => clearTimeout(timer);
  }, [asked]);
  const press = () => {
    setAsked(!asked);
    if (asked) onSure();
  };
  return (
    <button
      type="button"
      class={`${word} ${asked ? 'asked' : ''}`}
      aria-label={`${t(asked ? 'sure' : word)} ${name}`}
      disabled={off}
      onClick={press}
    >
      {t(asked ? 'sure' : word)}
    </button>
  );
}
