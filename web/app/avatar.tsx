// A coloured letter for a person or a group, with a dot for presence.
import { useClientEvents } from './hooks';
import { t } from './i18n';

const HUES = 10;

/** The same id has the same colour everywhere. */
export function hue(id: string): string {
  let sum = 7;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) % 9973;
  return `hue${sum % HUES}`;
}

function initial(name: string): string {
  const Segmenter = (Intl as any).Segmenter;
  const first = Segmenter ? [...new Segmenter().segment(name)][0]?.segment : Array.from(name)[0];
  return (first ?? '?').toUpperCase();
}

export function Dot({ user }: { user: string }) {
  const client = useClientEvents(['presence']);
  const { state } = client.people.presence(user);
  if (state === 'unknown') return null;
  return <span class={`dot ${state}`} role="img" aria-label={t(state)} title={t(state)} />;
}

export function Avatar(props: { id: string; name: string; user?: string; small?: boolean; group?: boolean }) {
  return (
    <span class={`avatar ${hue(props.id)} ${props.small ? 'small' : ''} ${props.group ? 'group' : ''}`}>
      <span aria-hidden="true">{initial(props.name)}</span>
      {props.user && <Dot user={props.user} />}
    </span>
  );
}
