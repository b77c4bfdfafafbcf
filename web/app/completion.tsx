// Completes "@na" to the name of a member while one types.
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Client, Conversation } from '../sdk/index';
import { Avatar } from './avatar';
import { t } from './i18n';
import { mentionAt, type Named } from './mentions';
import { nameOf } from './names';

const SHOWN = 6;

/** Members whom one can name: of a group its first page, once one begins to. */
function usePeople(client: Client, c: Conversation, wanted: boolean): Named[] {
  const [people, setPeople] = useState<Named[]>([]);
  useEffect(() => {
    if (!wanted || c.kind !== 'group') return;
    client.members(c.conv).then(
      ({ members }) => setPeople(members.filter((m) => m.user !== client.me)),
      () => {},
    );
  }, [client, c.conv, c.members, wanted]);
  return c.peer ? [{ user: c.peer, name: nameOf(client, c.peer) }] : people;
}

export interface Completion {
  people: Named[];
  found: Named[];
  open: boolean;
  at: number;
  look: () => void;
  close: () => void;
  pick: (p: Named) => void;
  /** True: the key was for us. */
  keyDown: (e: KeyboardEvent) => boolean;
}

export function useCompletion(
  client: Client,
  c: Conversation,
  field: RefObject<HTMLTextAreaElement>,
  change: (text: string) => void,
): Completion {
  const [prefix, setPrefix] = useState<string>();
  const [at, setAt] = useState(0);
  const begun = useRef(false);
  begun.current ||= prefix !== undefined || /@/.test(field.current?.value ?? '');
  const people = usePeople(client, c, begun.current);
  const needle = prefix?.toLocaleLowerCase();
  const found =
    needle === undefined ? [] : people.filter((p) => p.name.toLocaleLowerCase().startsWith(needle)).slice(0, SHOWN);
  const open = found.length > 0;

  const look = () => {
    const { value, selectionStart } = field.current!;
    setPrefix(mentionAt(value, selectionStart)?.prefix);
    setAt(0);
  };
  const close = () => setPrefix(undefined);
  const pick = (p: Named) => {
    const area = field.current!;
    const mention = mentionAt(area.value, area.selectionStart);
    if (!mention) return;
    const rest = area.value.slice(area.selectionStart);
    const head = `${area.value.slice(0, mention.from)}${p.name} `;
    area.value = head + rest.replace(/^ /, '');
    area.setSelectionRange(head.length, head.length);
    area.focus();
    change(area.value);
    close();
  };
  const keyDown = (e: KeyboardEvent) => {
    if (!open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step) setAt((at + step + found.length) % found.length);
    else if (e.key === 'Escape') close();
    else if (e.key === 'Tab' || (e.key === 'Enter' && !e.shiftKey)) {
      // A syllable that is being composed comes first into the field.
      const whom = found[at] ?? found[0]!;
      if (e.isComposing) field.current!.addEventListener('compositionend', () => setTimeout(() => pick(whom)), { once: true });
      else pick(whom);
    } else return false;
    e.preventDefault();
    return true;
  };
  return { people, found, open, at, look, close, pick, keyDown };
}

export function Suggestions({ completion: { open, found, at, pick } }: { completion: Completion }) {
  if (!open) return null;
  return (
    <ul class="suggestions" id="mentions" role="listbox" aria-label={t('people')}>
      {found.map((p, i) => (
        <li
          key={p.user}
          id={`mention${i}`}
          role="option"
          aria-selected={i === at}
          onMouseDown={(e) => {
            e.preventDefault(); // the field keeps the focus
            pick(p);
          }}
        >
          <Avatar id={p.user} name={p.name} small />
          {p.name}
        </li>
      ))}
    </ul>
  );
}
