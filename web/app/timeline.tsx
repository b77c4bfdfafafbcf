// The messages. What is on the screen never moves by itself: at the bottom it
// follows what comes, anywhere else the first visible row stays where it is.
import type { MutableRef } from 'preact/hooks';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Client, Conversation } from '../sdk/index';
import { useClientEvents, watched } from './hooks';
import { Down } from './icons';
import { lang, t } from './i18n';
import { Message, Sending } from './message';
import { eventLine } from './names';
import { rowsOf, type Row } from './rows';
import { dayName } from './time';

const NEAR_PX = 700; // from the top: time to load
const PINNED_PX = 48; // from the bottom: still there
const STEP = 60; // rows drawn more at a time
const MANY = 200; // drawn at most while at the bottom

interface Place {
  pinned: boolean;
  key?: string; // the first visible row …
  top: number; // … and where it is
}

/** The row that crosses the top edge; rows stand in order, so halve. */
function firstVisible(box: HTMLElement): HTMLElement | undefined {
  const rows = box.querySelectorAll<HTMLElement>('[data-key]');
  let low = 0;
  for (let high = rows.length; low < high; ) {
    const middle = (low + high) >> 1;
    const row = rows[middle]!;
    if (row.offsetTop + row.offsetHeight > box.scrollTop) high = middle;
    else low = middle + 1;
  }
  return rows[low];
}

/** Keeps the place across every drawing and every change of size. */
function usePlace(box: { current: HTMLDivElement | null }) {
  const place = useRef<Place>({ pinned: true, top: 0 });
  const settle = () => {
    const el = box.current!;
    const { pinned, key, top } = place.current;
    if (pinned) el.scrollTop = el.scrollHeight;
    else if (key) {
      const row = el.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
      if (row) el.scrollTop += row.offsetTop - el.scrollTop - top;
    }
  };
  const note = () => {
    const el = box.current!;
    const row = firstVisible(el);
    place.current = {
      pinned: el.scrollHeight - el.scrollTop - el.clientHeight < PINNED_PX,
      key: row?.dataset.key,
      top: row ? row.offsetTop - el.scrollTop : 0,
    };
  };
  useLayoutEffect(settle);
  useEffect(() => {
    const sizes = new ResizeObserver(settle);
    sizes.observe(box.current!);
    return () => sizes.disconnect();
  }, []);
  return { place, note };
}

export function Timeline({ c, toBottom }: { c: Conversation; toBottom: MutableRef<() => void> }) {
  const client = useClientEvents(['changed', 'people', 'status'], c.conv);
  const box = useRef<HTMLDivElement>(null);
  const [mark, setMark] = useState(c.unread > 0 ? c.read : Infinity);
  const [drawn, setDrawn] = useState(MANY / 2);
  const [bottomSeq, setBottomSeq] = useState(c.head);
  const [, draw] = useState(0);
  const { place, note } = usePlace(box);
  const older = useOlder(client, c);
  const placed = useRef(false);

  const all = client.events(c.conv);
  const events = all.slice(-drawn);
  const last = all.at(-1)?.seq ?? 0;
  const rows = rowsOf(events, client.outbox.of(c.conv), client.me, mark);
  const fresh = all.filter((e) => e.seq > bottomSeq && e.from !== client.me && e.kind === 'message').length;

  const seen = () => {
    if (!place.current.pinned) return;
    setBottomSeq(last);
    if (watched()) client.read(c.conv, last);
  };
  /** Near the top, or not even a screen full: more rows, then more events. */
  const grow = () => {
    if (box.current!.scrollTop >= NEAR_PX) return;
    if (drawn < all.length) setDrawn(drawn + STEP);
    else if (older.more && older.idle) older.load();
  };
  const scrolled = () => {
    const was = place.current.pinned;
    note();
    if (place.current.pinned) {
      seen();
      if (drawn > MANY) setDrawn(MANY / 2);
    }
    grow();
    if (was !== place.current.pinned) draw((n) => n + 1);
  };
  toBottom.current = () => {
    place.current.pinned = true;
    setMark(Infinity);
    draw((n) => n + 1);
  };

  useEffect(seen, [last]);
  // Drawn from the end: what comes while one reads above may not push rows out.
  useEffect(() => {
    if (!place.current.pinned) setDrawn((n) => n + 1);
  }, [last]);
  useEffect(grow);
  useLayoutEffect(() => {
    if (placed.current || all.length === 0) return;
    placed.current = true;
    showMark(box.current!);
    note();
  });
  useEffect(() => {
    const away = () => setMark(client.conversation(c.conv)?.head ?? Infinity);
    window.addEventListener('focus', seen);
    window.addEventListener('blur', away);
    return () => {
      window.removeEventListener('focus', seen);
      window.removeEventListener('blur', away);
    };
  }, [last]);

  return (
    <div class="timeline">
      <div
        class="scroll"
        ref={box}
        role="log"
        aria-label={c.title}
        aria-live={older.loading ? 'off' : 'polite'}
        aria-relevant="additions"
        tabIndex={0}
        onScroll={scrolled}
      >
        <div class="fill" />
        <Head older={older} whole={client.whole(c.conv) && drawn >= all.length} empty={all.length === 0} />
        {rows.map((row) => (
          <div key={row.key} data-key={row.key}>
            <Drawn row={row} client={client} group={c.kind === 'group'} />
          </div>
        ))}
      </div>
      {!place.current.pinned && (
        <button
          type="button"
          class={`pill ${fresh ? 'fresh' : ''}`}
          aria-label={t('toBottom')}
          onClick={() => toBottom.current()}
        >
          {fresh > 0 && t('pill', { n: fresh })}
          <Down />
        </button>
      )}
    </div>
  );
}

/** Unread from further up than one screen: begin where they begin. */
function showMark(box: HTMLElement): void {
  const line = box.querySelector<HTMLElement>('.fresh-line');
  if (line && line.offsetTop < box.scrollTop) box.scrollTop = line.offsetTop - box.clientHeight / 4;
}

function useOlder(client: Client, c: Conversation) {
  const [state, setState] = useState<'idle' | 'loading' | 'failed'>('idle');
  const live = client.status.state === 'live';
  const load = () => {
    setState('loading');
    client.loadOlder(c.conv).then(
      () => setState('idle'),
      () => setState('failed'),
    );
  };
  useEffect(() => {
    if (live && state === 'failed') setState('idle');
  }, [live]);
  return {
    load,
    idle: live && state === 'idle',
    loading: state === 'loading',
    failed: state === 'failed',
    more: !client.whole(c.conv),
  };
}

function Head({ older, whole, empty }: { older: ReturnType<typeof useOlder>; whole: boolean; empty: boolean }) {
  if (whole) return <p class="note">{t('beginning')}</p>;
  if (older.failed) {
    return (
      <p class="note">
        {t('loadFailed')}{' '}
        <button type="button" class="plain" onClick={older.load}>
          {t('retry')}
        </button>
      </p>
    );
  }
  return <p class="note">{older.loading || empty ? t('loadingOlder') : '\u00a0'}</p>;
}

function Drawn({ row, client, group }: { row: Row; client: Client; group: boolean }) {
  switch (row.kind) {
    case 'day':
      return (
        <p class="row day" lang={lang}>
          <span>{dayName(row.ts, client.now())}</span>
        </p>
      );
    case 'new':
      return (
        <p class="row fresh-line" role="separator">
          <span>{t('newMessages')}</span>
        </p>
      );
    case 'line':
      return <p class="row line">{eventLine(client, row.event)}</p>;
    case 'message':
      return <Message client={client} event={row.event} mine={row.mine} first={row.first} last={row.last} group={group} />;
    case 'outgoing':
      return <Sending item={row.item} first={row.first} last={row.last} />;
  }
}
