// Message text with its web addresses made into links and those whom it names
// marked. Text stays text: it is only ever given to the page as text nodes.
import type { ComponentChildren } from 'preact';
import { cutMentions, type Named } from './mentions';

const ADDRESS = /https?:\/\/[^\s<>"']+/gi;
/** Closes a sentence or a bracket around the address, not the address. */
const TAIL = /[.,;:!?…)\]}»”’]+$/;

function safe(address: string): string | undefined {
  try {
    const url = new URL(address);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** A bracket at the end belongs to the address when it was opened inside. */
function trimmed(address: string): string {
  const tail = TAIL.exec(address)?.[0] ?? '';
  if (tail.startsWith(')') && address.includes('(')) return address.slice(0, address.length - tail.length + 1);
  return address.slice(0, address.length - tail.length);
}

export function linked(text: string, people: Named[] = [], me = ''): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  const put = (plain: string) => {
    for (const [part, user] of cutMentions(plain, people)) {
      parts.push(user ? <span class={`mention ${user === me ? 'me' : ''}`}>{part}</span> : part);
    }
  };
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = safe(address);
    if (!href) continue;
    put(text.slice(at, match.index));
    parts.push(
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {address}
      </a>,
    );
    at = match.index! + address.length;
  }
  put(text.slice(at));
  return parts;
}
