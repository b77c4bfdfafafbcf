// "@name" in what is written: completed while one types, found when it is
// sent, marked when it is shown.

export interface Named {
  user: string;
  name: string;
}

/** Nobody names more in one message. */
const MOST = 20;

/** The "@pre" that is being written at the caret. */
export function mentionAt(text: string, caret: number): { from: number; prefix: string } | undefined {
  const match = /(?:^|[\s(])@([^\s@]{0,32})$/u.exec(text.slice(0, caret));
  return match ? { from: caret - match[1]!.length, prefix: match[1]! } : undefined;
}

const escaped = (name: string) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Longer names first: "@anna" is not "@ann" and an a. Nothing has to stand
 *  behind the name, for in Korean a particle does. */
function pattern(people: Named[]): RegExp | undefined {
  const names = people.map((p) => escaped(p.name)).sort((a, b) => b.length - a.length);
  return names.length > 0 ? new RegExp(`@(${names.join('|')})`, 'gu') : undefined;
}

/** Whom the text names. */
export function mentioned(text: string, people: Named[]): string[] {
  const users = new Set<string>();
  const names = pattern(people);
  for (const [, name] of names ? text.matchAll(names) : []) {
    for (const p of people) if (p.name === name) users.add(p.user);
  }
  return [...users].slice(0, MOST);
}

/** The text cut where somebody is named: [text, user] pairs. */
export function cutMentions(text: string, people: Named[]): [string, string?][] {
  const parts: [string, string?][] = [];
  const names = pattern(people);
  let at = 0;
  for (const match of names ? text.matchAll(names) : []) {
    if (match.index! > at) parts.push([text.slice(at, match.index)]);
    parts.push([match[0], people.find((p) => p.name === match[1])?.user]);
    at = match.index! + match[0].length;
  }
  if (at < text.length) parts.push([text.slice(at)]);
  return parts;
}
