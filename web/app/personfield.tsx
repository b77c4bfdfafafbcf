// A field for somebody's name, with those whose names begin so.
import { useEffect, useState } from 'preact/hooks';
import { MoimError, type Client } from '../sdk/index';
import { Avatar } from './avatar';
import { useClient } from './hooks';
import { t } from './i18n';
import type { Named } from './mentions';

const PAUSE_MS = 200; // in typing, before we search
const SHOWN = 5;

/** A name as typed to a user; nobody is its own kind of error. */
export async function findUser(client: Client, name: string): Promise<Named> {
  return client.people.find(name).catch((e: MoimError) => {
    throw e.code === 'bad_value' ? new MoimError('not_found') : e;
  });
}

interface Props {
  label: string;
  button: string;
  kind: 'primary' | 'quiet';
  busy: boolean;
  /** Not to be offered. */
  without?: string[];
  /** Answers whether it worked: then the field is empty again. */
  onPick: (user: () => Promise<Named>) => Promise<boolean>;
}

export function PersonField(props: Props) {
  const client = useClient();
  const [name, setName] = useState('');
  const found = useSearch(client, name.trim()).filter((p) => p.user !== client.me && !props.without?.includes(p.user));
  const pick = async (user: () => Promise<Named>) => {
    if (await props.onPick(user)) setName('');
  };
  return (
    <div class="personfield">
      <form
        class="inline"
        onSubmit={(e) => {
          e.preventDefault();
          void pick(() => findUser(client, name.trim()));
        }}
      >
        <input
          value={name}
          required
          placeholder={props.label}
          aria-label={props.label}
          autocapitalize="none"
          autocomplete="off"
          onInput={(e) => setName(e.currentTarget.value)}
        />
        <button class={props.kind} disabled={props.busy}>
          {props.button}
        </button>
      </form>
      {found.length > 0 && (
        <ul class="picks" aria-label={t('found')}>
          {found.slice(0, SHOWN).map((p) => (
            <li key={p.user}>
              <button type="button" disabled={props.busy} onClick={() => void pick(async () => p)}>
                <Avatar id={p.user} name={p.name} small />
                {p.name}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function useSearch(client: Client, prefix: string): Named[] {
  const [found, setFound] = useState<Named[]>([]);
  useEffect(() => {
    if (!prefix) return setFound([]);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      client.people.search(prefix, abort.signal).then(setFound, () => {});
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [client, prefix]);
  return found;
}
