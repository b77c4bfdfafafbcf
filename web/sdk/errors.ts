// Everything that can go wrong with a command, as one type.

/** `code` is a word of the protocol's table of errors, or one of ours:
 *  `offline` (no connection, or it broke before the answer came),
 *  `timeout` (no answer), `aborted` (by the caller's signal). */
export class MoimError extends Error {
  constructor(
    readonly code: string,
    message = code,
    readonly retryAfterMs?: number,
    readonly field?: string,
  ) {
    super(message);
    this.name = 'MoimError';
  }

  /** The same again may succeed: nothing was refused. */
  get passing(): boolean {
    return this.retryAfterMs !== undefined || this.code === 'offline' || this.code === 'timeout';
  }
}

interface ErrorAnswer {
  code?: string;
  message?: string;
  retry_after_ms?: number;
  field?: string;
}

export function errorOf(answer: ErrorAnswer): MoimError {
  return new MoimError(answer.code ?? 'internal', answer.message, answer.retry_after_ms, answer.field);
}

/** Waits; a signal ends it early with `aborted`. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new MoimError('aborted'));
    });
  });
}
