// Sign-up and login, which come before there is a client.
import { MoimError, errorOf } from './errors';

export interface Account {
  user: string;
  name: string;
  device: string;
  token: string;
  expires: number;
}

async function enter(
  url: string,
  what: 'signup' | 'login',
  fields: { name: string; password: string; device?: string },
  signal?: AbortSignal,
): Promise<Account> {
  let reply: Response;
  try {
    reply = await fetch(`${url}/v1/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(fields),
      signal,
    });
  } catch {
    throw new MoimError(signal?.aborted ? 'aborted' : 'offline');
  }
  const answer = await reply.json().catch(() => ({ code: 'unavailable' }));
  if (reply.ok) return answer;
  // A balancer's own 503 has no body of ours, but may say when to come back.
  const seconds = Number(reply.headers.get('Retry-After'));
  if (seconds > 0 && answer.retry_after_ms === undefined) answer.retry_after_ms = seconds * 1000;
  throw errorOf(answer);
}

export const signup = (url: string, name: string, password: string, device?: string, signal?: AbortSignal) =>
  enter(url, 'signup', { name, password, device }, signal);

export const login = (url: string, name: string, password: string, device?: string, signal?: AbortSignal) =>
  enter(url, 'login', { name, password, device }, signal);
