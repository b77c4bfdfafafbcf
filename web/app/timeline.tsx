// The messages. What is on the screen never moves by itself: at the bottom it
// follows what comes, anywhere else the first visible row stays where it is.
import type { MutableRef } from 'preact/hooks';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatEvent, Client, Conversation } from '../sdk/index';
import type { Mode } from './composer';
import { useClientEvents, watched } from './hooks';
import { Down } from './icons';
import { lang, t } from './i18n';
import { MessageMenu, react } from './menu';
import { Message, Sending, type Deeds } from './message';
import { eventLine } from './names';
import { keyOf, rowsOf, shows, type Row } from './rows';
import { around, down, fixed, place as spanPlace, up, type Span } from './span';
import { dayName } from './time';

const NEAR_PX = 700; // from the top or bottom: time for more
const PINNED_PX = 48; // from the bottom: still there

interface Place {
  pinned: boolean;
  key?: string; // the first visible row …
  top: number; // … and where it is
  at: number; // the box's scrollTop by then
}

/** The first row that crosses the top edge or is below it, and that keeps its
 *  place among the others: the line above a day's or the new ones' first does
 *  not, when older ones come. Rows stand in order, so halve. */
function firstVisible(box: HTMLElement): HTMLElement | undefined {
  const rows = box.querySelectorAll<HTMLElement>('[data-key]:not(.loose)');
  let low = 0;
  for (let high = rows.length; low < high; ) {
    const middle = (low + high) >> 1;
    const row = rows[middle]!;
    if (row.offsetTop + row.offsetHeight > box.scrollTop) high = middle;
    else low = middle + 1;
  }
  return rows[low];
}

const below = (box: HTMLElement) => box.scrollHeight - box.scrollTop - box.clientHeight;

/** How far the reader has scrolled since, of which we are told a moment later.
 *  At the end it may be the browser, because rows went. */
const scrolledBy = (box: HTMLElement, place: Place) => (below(box) < 1 ? 0 : box.scrollTop - place.at);

/** Keeps the place across every drawing and every change of size. */
function usePlace(box: { current: HTMLDivElement | null }) {
  const place = useRef<Place>({ pinned: true, top: 0, at: 0 });
  const keep = (pinned: boolean) => {
    const el = box.current!;
    const row = firstVisible(el);
    const at = el.scrollTop;
    place.current = { pinned, key: row?.dataset.key, top: row ? row.offsetTop - at : 0, at };
  };
  const settle = () => {
    const el = box.current!;
    const { pinned, key, top } = place.current;
    const by = scrolledBy(el, place.current);
    if (pinned && by >= 0) {
      el.scrollTop = el.scrollHeight;
      keep(true);
    } else if (key) {
      const row = el.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
      if (row) el.scrollTop += row.offsetTop - el.scrollTop - top + by;
      place.current.top -= by;
      place.current.at = el.scrollTop;
    }
  };
  const note = (atEnd: boolean) => {
    const pinned = atEnd && below(box.current!) < PINNED_PX;
    // What we have scrolled ourselves is kept by what we did it for.
    if (place.current.key && box.current!.scrollTop === place.current.at) place.current.pinned = pinned;
    else keep(pinned);
  };
  useLayoutEffect(settle);
  useEffect(() => {
    const sizes = new ResizeObserver(settle);
    sizes.observe(box.current!);
    return () => sizes.disconnect();
  }, []);
  return { place, note, settle };
}

export interface TimelineApi {
  toBottom: () => void;
  /** Shows the event at `seq`, and loads up to it when it has to. */
  go: (seq: number) => Promise<void>;
}

interface Props {
  c: Conversation;
  api: MutableRef<TimelineApi | undefined>;
  onMode: (mode: Mode) => void;
}

export function Timeline({ c, api, onMode }: Props) {
  const client = useClientEvents(['changed', 'people', 'status', 'receipts'], c.conv);
  const box = useRef<HTMLDivElement>(null);
  const [mark, setMark] = useState(c.unread > 0 ? c.read : Infinity);
  const [span, setSpan] = useState<Span>({});
  const [bottomSeq, setBottomSeq] = useState(c.head);
  const [found, setFound] = useState(0);
  const [menu, setMenu] = useState<{ event: ChatEvent; at: HTMLElement }>();
  const [, draw] = useState(0);
  const { place, note, settle } = usePlace(box);
  const older = useOlder(client, c);
  const placed = useRef(false);

  const all = client.events(c.conv).filter(shows);
  const [start, end] = spanPlace(all, span);
  const atEnd = end === all.length;
  const last = client.events(c.conv).at(-1)?.seq ?? 0;
  const rows = rowsOf(all.slice(start, end), atEnd ? client.outbox.of(c.conv) : [], client.me, mark);
  const fresh = all.filter((e) => e.seq > bottomSeq && e.from !== client.me && e.kind === 'message').length;
  const roving = rows.filter((row) => row.kind === 'message').at(-1)?.key;

  const seen = () => {
    if (!place.current.pinned) return;
    setBottomSeq(last);
    if (watched()) client.read(c.conv, last);
  };
  /** Near an end, or not even a screen full: other rows, then more events. */
  const grow = () => {
    if (box.current!.scrollTop < NEAR_PX) {
      if (start > 0 && !place.current.pinned) return setSpan(up(all, span));
      if (start === 0 && older.more && older.idle) return older.load();
    }
    if (!atEnd && below(box.current!) < NEAR_PX) setSpan(down(all, span));
  };
  const scrolled = () => {
    const was = place.current.pinned;
    note(atEnd);
    if (place.current.pinned) {
      seen();
      if (span.from !== undefined) setSpan({});
    } else if (was) setSpan(fixed(all, span));
    grow();
    if (was !== place.current.pinned) draw((n) => n + 1);
  };
  const go = async (seq: number) => {
    while (client.at(c.conv, seq) === undefined && !client.whole(c.conv)) {
      if (!(await client.loadOlder(c.conv).catch(() => false))) break;
    }
    const e = client.at(c.conv, seq);
    if (!e || !shows(e)) return;
    setSpan(around(client.events(c.conv).filter(shows), seq));
    setFound(seq);
    place.current = { pinned: false, key: keyOf(e, client.me), top: box.current!.clientHeight / 3, at: box.current!.scrollTop };
    draw((n) => n + 1);
  };
  api.current = {
    go,
    toBottom() {
      place.current.pinned = true;
      setSpan({});
      setFound(0);
      setMark(Infinity);
      draw((n) => n + 1);
    },
  };
  // The same object always, or every message would be drawn again each time.
  const [deeds] = useState<Deeds>(() => ({
    menu: (event, at) => setMenu({ event, at }),
    react: (e, emoji) => react(client, e, emoji),
    go: (seq) => void api.current!.go(seq),
  }));

  useEffect(seen, [last]);
  useEffect(() => {
    if (!place.current.pinned) setSpan((now) => fixed(all, now));
  }, [last]);
  useEffect(() => {
    // What fits the window whole cannot be scrolled: nobody tells us.
    if (atEnd && !place.current.pinned && below(box.current!) < 1) scrolled();
    else grow();
  });
  useEffect(() => client.follow(c.conv), [client, c.conv, c.head > 0]);
  useLayoutEffect(() => {
    if (placed.current || all.length === 0) return;
    placed.current = true;
    if (marked(box.current!)) place.current = { pinned: false, key: 'new', top: box.current!.clientHeight / 4, at: box.current!.scrollTop };
    settle();
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
        aria-live={older.loading || !place.current.pinned ? 'off' : 'polite'}
        aria-relevant="additions"
        tabIndex={0}
        onScroll={scrolled}
        onKeyDown={rove}
      >
        <div class="fill" />
        <Head older={older} whole={client.whole(c.conv) && start === 0} empty={all.length === 0} />
        {rows.map((row) => (
          <div key={row.key} data-key={row.key} class={row.kind === 'day' || row.kind === 'new' ? 'loose' : undefined}>
            {row.kind === 'message' ? (
              <Message
                client={client}
                event={row.event}
                mine={row.mine}
                first={row.first}
                last={row.last}
                group={c.kind === 'group'}
                found={row.event.seq === found}
                roving={row.key === roving}
                deeds={deeds}
              />
            ) : (
              <Drawn row={row} client={client} />
            )}
          </div>
        ))}
      </div>
      {!place.current.pinned && (
        <button
          type="button"
          class={`pill ${fresh ? 'fresh' : ''}`}
          aria-label={t('toBottom')}
          onClick={() => api.current!.toBottom()}
        >
          {fresh > 0 && t('pill', { n: fresh })}
          <Down />
        </button>
      )}
      {menu && <MessageMenu c={c} {...menu} onMode={onMode} onClose={() => setMenu(undefined)} />}
    </div>
  );
}

/** Arrows go from message to message, once one of them has the focus. */
function rove(e: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  const at = document.activeElement;
  if (!step || !at?.matches('.more')) return;
  const all = [...(e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.more')];
  e.preventDefault();
  all[all.indexOf(at as HTMLElement) + step]?.focus();
}

/** There are unread ones further up than one screen: begin where they begin. */
function marked(box: HTMLElement): boolean {
  const line = box.querySelector<HTMLElement>('.fresh-line');
  return line !== null && line.offsetTop < box.scrollTop;
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

function Drawn({ row, client }: { row: Exclude<Row, { kind: 'message' }>; client: Client }) {
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
    case 'outgoing':
      return <Sending item={row.item} first={row.first} last={row.last} />;
  }
}
