// Commands and their answers over the link: paired by id, few at once, and
// none that hangs.
import { MoimError, errorOf, sleep } from './errors';

const AT_ONCE = 20; // the server lets 32 wait
const ANSWER_MS = 10_000;

interface Waiting {
  resolve: (answer: any) => void;
  reject: (error: MoimError) => void;
  timer: ReturnType<typeof setTimeout>;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export class Calls {
  private next = 1;
  private waiting = new Map<string, Waiting>();
  private turn: (() => void)[] = []; // those that wait to be sent

  constructor(private send: (frame: object) => boolean) {}

  /** Runs one command once. Rejects with a MoimError. */
  async call(type: string, fields: object = {}, { signal }: CallOptions = {}): Promise<any> {
    if (signal?.aborted) throw new MoimError('aborted');
    if (this.waiting.size >= AT_ONCE) await new Promise<void>((go) => this.turn.push(go));
    return new Promise((resolve, reject) => {
      const id = `c${this.next++}`;
      const fail = (code: string) => () => this.settle(id, (w) => w.reject(new MoimError(code)));
      this.waiting.set(id, { resolve, reject, timer: setTimeout(fail('timeout'), ANSWER_MS) });
      signal?.addEventListener('abort', fail('aborted'));
      if (!this.send({ type, id, ...fields })) fail('offline')();
    });
  }

  /** The same for what may be repeated: waits as the server asks, a few
   *  times. Never used for a command that does something new each time. */
  async patient(type: string, fields: object = {}, options: CallOptions = {}): Promise<any> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.call(type, fields, options);
      } catch (error) {
        const wait = (error as MoimError).retryAfterMs;
        if (wait === undefined || tries === 8) throw error;
        await sleep(wait * (0.75 + Math.random() / 2), options.signal);
      }
    }
  }

  /** True: the frame was the answer to a command. */
  answer(frame: any): boolean {
    return this.settle(frame.id, (w) => {
      if (frame.type === 'error') w.reject(errorOf(frame));
      else w.resolve(frame);
    });
  }

  /** The connection has gone: nobody will answer these. */
  down(): void {
    for (const id of [...this.waiting.keys()]) this.settle(id, (w) => w.reject(new MoimError('offline')));
  }

  private settle(id: string, how: (w: Waiting) => void): boolean {
    const w = this.waiting.get(id);
    if (!w) return false;
    this.waiting.delete(id);
    clearTimeout(w.timer);
    how(w);
    this.turn.shift()?.();
    return true;
  }
}
