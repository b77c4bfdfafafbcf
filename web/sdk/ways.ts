// The ways to a session: a WebSocket, or HTTP as a stream, as long polls or as
// plain polls. Each brings the same texts and takes the same commands.
import type { SocketClass, Way } from './types';

export const WAYS: readonly Way[] = ['websocket', 'sse', 'longpoll', 'poll'];

const HOLD_S = 20; // below the 25 s after which we ask whether anybody is there
const PAUSE_MS = 2_000; // between two plain polls

/** This way is closed and another may be open. */
export const BLOCKED = -1;
/** Nobody answered: no other way will help. */
export const AWAY = -2;

export interface WayOptions {
  url: string;
  token: string;
  WebSocket: SocketClass;
  fetch: typeof fetch;
  /** A text of the session; '' when there was only a sign of life. */
  onText: (text: string) => void;
  /** It is over: the code of a close, 0, BLOCKED or AWAY. Once. */
  onClose: (code: number, retryAfterMs?: number) => void;
}

export interface Carrier {
  send(text: string): void;
  /** Silently: no `onClose` follows. */
  close(): void;
}

export function carry(way: Way, o: WayOptions): Carrier {
  return way === 'websocket' ? overSocket(o) : new OverHttp(way, o);
}

function overSocket(o: WayOptions): Carrier {
  let gone = false;
  const socket = new o.WebSocket(o.url.replace(/^http/, 'ws') + '/v1/ws', ['moim.v1.lines', 'moim.v1']);
  socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', id: 'auth', token: o.token }));
  socket.onmessage = (e: { data: unknown }) => {
    for (const text of String(e.data).split('\n')) if (!gone) o.onText(text);
  };
  socket.onclose = (e: { code: number }) => o.onClose(e.code);
  socket.onerror = () => {}; // onclose follows
  return {
    send: (text) => socket.send(text),
    close() {
      gone = true;
      socket.onopen = socket.onclose = null;
      socket.close();
    },
  };
}

/** Why an answer is not what was asked for: what to tell `onClose`. */
async function refusal(answer: Response): Promise<[code: number, retryAfterMs?: number]> {
  const error = await answer.json().catch(() => undefined);
  if (error?.type !== 'error') return [BLOCKED]; // not from Moim: something in between
  if (answer.status === 401) return [4501];
  if (error.code === 'too_many') return [4505];
  return [0, error.retry_after_ms];
}

class OverHttp implements Carrier {
  private session = '';
  private ack = 0;
  private gone = new AbortController();

  constructor(
    private way: Way,
    private o: WayOptions,
  ) {
    void this.run();
  }

  close(): void {
    this.gone.abort();
  }

  /** The answer comes as a text; when there is none, as the error `offline`. */
  send(text: string): void {
    this.ask(`/v1/cmd?session=${this.session}`, { method: 'POST', body: text })
      .then((answer) => answer.text())
      .then((answer) => JSON.parse(answer) && this.tell(answer))
      .catch(() => this.tell(JSON.stringify({ type: 'error', id: JSON.parse(text).id, code: 'offline' }), false));
  }

  private ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.o.token}` };
    if (init.body) headers['Content-Type'] = 'application/json';
    return this.o.fetch(this.o.url + path, {
      ...init,
      headers: { ...headers, ...(init.headers as object) },
      cache: 'no-store',
      signal: this.gone.signal,
    });
  }

  private tell(text: string, heard = true): void {
    if (this.gone.signal.aborted) return;
    if (heard) this.o.onText('');
    this.o.onText(text);
  }

  private end(code: number, retryAfterMs?: number): void {
    if (this.gone.signal.aborted) return;
    this.gone.abort();
    this.o.onClose(code, retryAfterMs);
  }

  private async run(): Promise<void> {
    try {
      while (!this.gone.signal.aborted) await (this.way === 'sse' ? this.stream() : this.poll());
    } catch {
      this.end(this.session ? 0 : AWAY);
    }
  }

  private query(more = ''): string {
    return (this.session ? `?session=${this.session}&ack=${this.ack}` : '?ack=0') + more;
  }

  /** A text with its number, or without one: it is about the session. */
  private take(text: string, number?: number): void {
    const frame = JSON.parse(text);
    if (number !== undefined) this.ack = number;
    if (frame.session) this.session = frame.session;
    if (frame.type === 'closed') this.end(frame.code);
    else if (frame.type === 'superseded') this.end(0);
    else this.tell(text);
  }

  private async poll(): Promise<void> {
    const plain = this.way === 'poll';
    const began = Date.now();
    const answer = await this.ask('/v1/poll' + this.query(plain ? '&timeout=0' : `&timeout=${HOLD_S}`));
    if (!answer.ok) return this.end(...(await refusal(answer)));
    const { session, ack, texts, superseded } = await answer.json();
    if (superseded) return this.end(0);
    if (session !== this.session) this.ack = 0;
    this.session = session;
    for (const frame of texts) this.take(JSON.stringify(frame));
    this.ack = ack;
    this.tell('');
    const rest = PAUSE_MS - (Date.now() - began);
    if (plain && rest > 0) await new Promise((go) => setTimeout(go, rest));
  }

  /** Reads until the stream ends; the next one goes on behind it. */
  private async stream(): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.ack) headers['Last-Event-ID'] = String(this.ack);
    const answer = await this.ask(`/v1/events${this.session && `?session=${this.session}`}`, { headers });
    if (!answer.ok || !answer.body || !/^text\/event-stream/.test(answer.headers.get('Content-Type') ?? '')) {
      return this.end(...(await refusal(answer)));
    }
    const reader = answer.body.getReader();
    const utf8 = new TextDecoder();
    let rest = '';
    for (let told = false; ; ) {
      const { done, value } = await reader.read();
      if (done && !told) this.end(BLOCKED); // or we would ask as fast as we can
      if (done || this.gone.signal.aborted) return;
      const blocks = (rest + utf8.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() as string;
      told ||= blocks.length > 0;
      this.tell('');
      for (const block of blocks) this.block(block);
    }
  }

  private block(block: string): void {
    let number: number | undefined;
    let data = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) number = Number(line.slice(4));
      else if (line.startsWith('data: ')) data += line.slice(6);
    }
    if (data) this.take(data, number);
  }
}
